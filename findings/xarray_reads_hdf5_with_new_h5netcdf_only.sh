#!/usr/bin/env bash
# xarray 2026.9.0 writes netCDF-4 with h5netcdf 1.7.3, and cannot read the file that it wrote.
#
# What a user expects: an optional backend that is too old is refused when it is imported or when
# xarray is installed, or it works in both directions.
#
# What happens: xarray names h5netcdf only in its extra `io` (h5netcdf[h5py]>=1.8.0). Where h5netcdf
# was installed by another project, pip leaves 1.7.3 in place without a word. `to_netcdf` succeeds,
# `open_dataset` raises AttributeError: 'Variable' object has no attribute 'filters'. Results can then
# be saved for weeks before somebody reads one. The file is good: h5netcdf 1.8.0 reads it.
#
# Output seen on Python 3.11:
#   xarray's requirement: h5netcdf[h5py]>=1.8.0; extra == "io"
#   h5netcdf 1.7.3: written, AttributeError 'Variable' object has no attribute 'filters'
#   h5netcdf 1.8.0, the file of 1.7.3: [0. 1. 2.]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
install() { "$folder/env/bin/pip" --disable-pip-version-check --quiet install "$@"; }
python() { "$folder/env/bin/python" - "$folder/result.nc"; }
install "xarray==2026.9.0" "h5netcdf==1.7.3" "h5py==3.16.0" "numpy==2.4.6"

found=$(
    python <<'PY'
import sys
from importlib.metadata import requires, version
import numpy as np
import xarray as xr
print("xarray's requirement:", *[own for own in requires("xarray") if own.startswith("h5netcdf")])
said = "written"
xr.Dataset({"a": ("x", np.arange(3.0))}).to_netcdf(sys.argv[1], engine="h5netcdf")
try:
    said = str(xr.open_dataset(sys.argv[1], engine="h5netcdf").load().a.values)
except AttributeError as error:
    said += f", AttributeError {error}"
print(f"h5netcdf {version('h5netcdf')}: {said}")
PY
    install "h5netcdf==1.8.0"
    python <<'PY'
import sys
from importlib.metadata import version
import xarray as xr
values = xr.open_dataset(sys.argv[1], engine="h5netcdf").load().a.values
print(f"h5netcdf {version('h5netcdf')}, the file of 1.7.3: {values}")
PY
)
printf '%s\n' "$found"
expected="xarray's requirement: h5netcdf[h5py]>=1.8.0; extra == \"io\"
h5netcdf 1.7.3: written, AttributeError 'Variable' object has no attribute 'filters'
h5netcdf 1.8.0, the file of 1.7.3: [0. 1. 2.]"
[ "$found" = "$expected" ]
