#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What fish offers, and what zsh makes of a tab.
#   other_shells_test.sh KUBECTL
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ln -s "$(realpath "$1")" "$folder/kubectl"
PATH=$folder:$PATH
export HOME=$folder KUBECONFIG=$folder/config
cat > "$KUBECONFIG" <<'END'
clusters: [{name: c1, cluster: {server: "http://127.0.0.1:1"}}]
contexts:
- {name: zeta, context: {cluster: c1}}
- {name: "arn:aws:x/b@c", context: {cluster: c1}}
END
cat > "$folder/.zshrc" <<'END'
unsetopt prompt_sp
autoload -Uz compinit
compinit -u
source <(kubectl completion zsh)
show() { print -r -- "$BUFFER" > $ZDOTDIR/line; print done; exit }
zle -N show
bindkey '^X' show
PS1='ready>'
END
failed=0

# check SHELL LINE WANT GOT
check() {
  [[ $4 == "$3" ]] && return
  echo "FAILED: $1: $2: got '$4', want '$3'"
  failed=1
}

for case in \
  'kubectl port-f|port-forward' \
  'kubectl --context z|zeta' \
  'kubectl --context=ar|--context=arn:aws:x/b@c' \
  'kubectl get --output=j|--output=json' \
  'kubectl create -f /etc/hostn|/etc/hostname' \
  'kubectl create --filename=/etc/hostn|--filename=/etc/hostname' \
  'kubectl fooo x|'; do
  line=${case%|*}
  want=${case#*|}
  got=$(fish --no-config -c \
    "kubectl completion fish | source; complete -C '$line'" | cut -f1)
  check fish "$line" "$want" "$got"

  # In zsh, after a tab: what became of the line.
  got=$(ZDOTDIR=$folder LINE=$line zsh -f <<'END'
zmodload zsh/zpty
zpty shell TERM=dumb zsh -i
zpty -r -m shell output '*ready>*'
zpty -w -n shell "$LINE"$'\t\x18'
zpty -r -m shell output '*done*'
END
    cat "$folder/line")
  check zsh "$line" "${line% *} ${want:-${line##* }}" "${got% }"
done
exit $failed
