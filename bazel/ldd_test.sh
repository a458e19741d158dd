#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails when a program would load OpenSSL, or one that speaks TLS would not
# load BoringSSL: two libraries of the same symbols in one process.
set -u
failed=0
[ $# -gt 0 ] || { echo "no programs given"; exit 1; }
for program in "$@"; do
  libraries=$(ldd "$program") || { echo "ldd $program failed"; failed=1; }
  bad=$(grep -E 'lib(ssl|crypto)\.so' <<<"$libraries" | grep -v /android/)
  if [ -n "$bad" ]; then
    echo "$program loads OpenSSL:"
    echo "$bad"
    failed=1
  fi
  if ! grep -q /android/libcrypto.so <<<"$libraries"; then
    echo "$program does not load BoringSSL"
    failed=1
  fi
done
exit $failed
