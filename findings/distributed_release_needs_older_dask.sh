#!/usr/bin/env bash
# dask and distributed 2026.1.0, released together, cannot be installed together.
#
# What a user expects: releases of dask and distributed come in pairs, and distributed X requires
# dask X. So the lowest version that a project allows for both is written once.
#
# What happens: the wheel of distributed 2026.1.0 requires dask<2025.12.1,>=2025.12.0, the pair of the
# release before. Without a pin of dask pip silently installs dask 2025.12.0; with both pinned to
# 2026.1.0 it finds no solution. From 2026.1.1 on the pair is right again. Only a test that installs
# the lowest allowed versions sees it.
#
# Output seen on Python 3.11:
#   distributed 2026.1.0 requires dask<2025.12.1,>=2025.12.0
#   distributed 2026.1.1 requires dask<2026.1.2,>=2026.1.1
#   both pinned to 2026.1.0: ResolutionImpossible
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
pip=("$folder/env/bin/pip" --disable-pip-version-check --quiet)

required() { # version
    "${pip[@]}" download --no-deps --dest "$folder" "distributed==$1"
    python3 - "$folder" "$1" <<'PY'
import sys, zipfile
from pathlib import Path
(wheel,) = Path(sys.argv[1]).glob(f"distributed-{sys.argv[2]}-*.whl")
with zipfile.ZipFile(wheel) as files:
    (name,) = [name for name in files.namelist() if name.endswith("/METADATA")]
    lines = files.read(name).decode().splitlines()
(own,) = [line.split(": ")[1] for line in lines if line.startswith("Requires-Dist: dask")]
print(f"distributed {sys.argv[2]} requires {own}")
PY
}

both() {
    said=$("${pip[@]}" install --dry-run "dask==2026.1.0" "distributed==2026.1.0" 2>&1) || true
    grep -o "ResolutionImpossible" <<<"$said" || echo "installed"
}

found=$(required 2026.1.0; required 2026.1.1; echo "both pinned to 2026.1.0: $(both)")
printf '%s\n' "$found"
expected="distributed 2026.1.0 requires dask<2025.12.1,>=2025.12.0
distributed 2026.1.1 requires dask<2026.1.2,>=2026.1.1
both pinned to 2026.1.0: ResolutionImpossible"
[ "$found" = "$expected" ]
