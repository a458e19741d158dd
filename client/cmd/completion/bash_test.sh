#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Drives the script for bash as bash does: what it offers for a line whose
# cursor stands at the end. Bash has taken the words apart at = and : by then.
#   bash_test.sh KUBECTL
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ln -s "$(realpath "$1")" "$folder/kubectl"
PATH=$folder:$PATH
export KUBECONFIG=$folder/config
cat > "$KUBECONFIG" <<'END'
clusters: [{name: c1, cluster: {server: "http://127.0.0.1:1"}}]
contexts:
- {name: zeta, context: {cluster: c1}}
- {name: "arn:aws:x/b@c", context: {cluster: c1}}
END
compopts=
compopt() { compopts+=" $*"; }
source <(kubectl completion bash) || exit 1
failed=0

# expect WANT LAST-PART WORD...: WORDs joined with spaces, but = and : stand
# alone without any.
expect() {
  local want=$1 last=$2 word
  shift 2
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMP_LINE=
  local joined=yes
  for word in "$@"; do
    if [[ $word == [=:] ]]; then
      joined=yes
    fi
    [[ $joined == yes ]] || COMP_LINE+=' '
    COMP_LINE+=$word
    joined=no
    [[ $word != [=:] ]] || joined=yes
  done
  COMP_POINT=${#COMP_LINE}
  compopts=
  __kubectl_complete kubectl "$last"
  local got="${COMPREPLY[*]-}$compopts"
  if [[ $got != "$want" ]]; then
    echo "FAILED: $COMP_LINE: got '$got', want '$want'"
    failed=1
  fi
}

expect 'port-forward' po kubectl po
expect '--session-per-connection' --sess kubectl port-forward --sess
expect 'json yaml wide name' '' kubectl get -o ''
expect 'json' j kubectl get --output = j
expect 'json yaml wide name' '' kubectl get --output =
expect 'zeta' z kubectl --context = z
expect 'arn:aws:x/b@c' ar kubectl --context ar
expect 'x/b@c' '' kubectl --context arn : aws :
expect 'aws:x/b@c' '' kubectl --context = arn :
expect 'pods' po kubectl --context zeta get po
expect ' -o default' '' kubectl create -f ''
expect ' -o default' /etc kubectl create --filename = /etc
expect '' '' kubectl fooo ''
expect 'bash zsh fish' '' "$folder/kubectl" completion ''
expect 'bash zsh fish' '' k-alias completion ''

# The cursor within a word: what is behind it does not count.
COMP_WORDS=(kubectl complete)
COMP_CWORD=1
COMP_LINE='kubectl complete'
COMP_POINT=10
__kubectl_complete kubectl co
if [[ ${COMPREPLY[*]} != 'completion config' ]]; then
  echo "FAILED: within a word: got '${COMPREPLY[*]}'"
  failed=1
fi
exit $failed
