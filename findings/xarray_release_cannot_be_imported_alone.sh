#!/usr/bin/env bash
# xarray 2025.6.0, installed alone, cannot be imported.
#
# What a user expects: a package that pip has installed with all that it requires can be imported.
#
# What happens: xarray/core/accessor_dt.py of this release imports typing_extensions without a
# condition, and the metadata do not require it; pandas no longer brings it. Elsewhere in the same
# release the import is for Python before 3.11 only. So "import xarray" fails in a new environment,
# and works in most real ones, where something else (pydantic, say) requires typing_extensions. The
# release before and the one after are right. A project that allows xarray from 2025.6 on, and
# tests its lowest versions, sees it only if nothing else in that environment helps.
#
# Output seen on Python 3.11, with numpy 2.4.6 and pandas 3.1.1:
#   xarray 2025.4.0: imported
#   xarray 2025.6.0: ModuleNotFoundError: No module named 'typing_extensions'
#   xarray 2025.6.1: imported
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --disable-pip-version-check --quiet numpy==2.4.6 pandas==3.1.1 packaging

imported() { # version
    "$folder/env/bin/pip" install --disable-pip-version-check --quiet "xarray==$1"
    said=$("$folder/env/bin/python" -c "import xarray; print('imported')" 2>&1) || true
    echo "xarray $1: $(tail -n 1 <<<"$said")"
}

found=$(for version in 2025.4.0 2025.6.0 2025.6.1; do imported "$version"; done)
echo "$found"
diff <(echo "$found") - <<'SEEN'
xarray 2025.4.0: imported
xarray 2025.6.0: ModuleNotFoundError: No module named 'typing_extensions'
xarray 2025.6.1: imported
SEEN
