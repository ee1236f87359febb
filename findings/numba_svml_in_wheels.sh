#!/usr/bin/env bash
# Numba's wheels: Intel's vector math library does nothing since LLVM 20.
#
# What a user expects: Numba's guide to performance says that installing Intel's SVML runtime
# (packages icc-rt or intel-cmplr-lib-rt) lets Numba vectorise calls such as math.log. It did so with
# numba 0.61.2 and llvmlite 0.44.0 from PyPI, once the loader finds libsvml.so.
#
# What happens with numba 0.68.1 and llvmlite 0.50.0 from PyPI: the LLVM inside the wheel is built
# without the SVML patch. The library is not even loaded, without a warning; only the report of
# `numba -s` says so, and code gets no faster.
#
# Output seen on x86_64 Linux, Python 3.11:
#   numba 0.61.2: llvmlite Using SVML Patched LLVM : True,  SVML Operational : True
#   numba 0.68.1: llvmlite Using SVML Patched LLVM : False, SVML Operational : False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

report() { # numba version, numpy version
    python3 -m venv "$folder/$1"
    "$folder/$1/bin/pip" install --quiet "numba==$1" "numpy==$2" "icc-rt==2020.0.133"
    LD_LIBRARY_PATH="$folder/$1/lib" "$folder/$1/bin/numba" -s 2>/dev/null |
        grep -E "SVML Patched LLVM|SVML Operational" | sed "s/^/numba $1: /; s/  */ /g"
}

found=$(report 0.61.2 2.2.6; report 0.68.1 2.4.6)
printf '%s\n' "$found"
expected="numba 0.61.2: llvmlite Using SVML Patched LLVM : True
numba 0.61.2: SVML Operational : True
numba 0.68.1: llvmlite Using SVML Patched LLVM : False
numba 0.68.1: SVML Operational : False"
[ "$found" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
