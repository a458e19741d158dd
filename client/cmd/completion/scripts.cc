// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/completion/scripts.h"

namespace fairway::cmd {
namespace {

// Bash takes words apart at = and : and gives the function the last part; only
// what follows the last of them may be given back. Works in bash 3.2.
constexpr char kBash[] = R"sh(# bash completion for kubectl

# Sets words to the words up to the cursor, whole.
__kubectl_words() {
  local line=${COMP_LINE:0:COMP_POINT} i word blank
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    blank=${line%%[![:space:]]*}
    if ((i == COMP_CWORD)); then
      word=${line#"$blank"}
    fi
    line=${line#*"$word"}
    if ((i > 0)) && [[ -z $blank ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done
  words=("${words[@]/#\~\//${HOME-~}/}")
}

__kubectl_complete() {
  local words whole flag= head line directive=0 program
  __kubectl_words
  whole=${words[${#words[@]} - 1]}
  head=${whole%"$2"}
  if [[ $whole == -*=* ]]; then
    flag=${whole%%=*}=
  fi
  program=${words[0]}
  if ! type -P -- "$program" >/dev/null; then
    program=kubectl
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :* ]]; then
      directive=${line#:}
    else
      line=$flag$line
      COMPREPLY+=("${line#"$head"}")
    fi
  done < <("$program" __completeNoDesc "${words[@]:1}" 2>/dev/null)
  if type compopt >/dev/null 2>&1; then
    if ((directive & 2)); then
      compopt -o nospace
    fi
    if ((!(directive & 4))); then
      compopt -o default
    fi
  fi
}

complete -F __kubectl_complete kubectl
)sh";

constexpr char kZsh[] = R"sh(#compdef kubectl
# zsh completion for kubectl

_kubectl() {
  local -a before lines candidates
  local line word directive
  before=("${(@Q)words[1,CURRENT-1]}")
  before=("${(@)before/#\~\//$HOME/}")
  lines=("${(@f)$("${before[@][1]}" __complete "${(@)before[2,-1]}" \
      "${(Q)PREFIX}" 2>/dev/null)}")
  directive=${lines[-1]#:}
  for line in "${(@)lines[1,-2]}"; do
    word=${line%%$'\t'*}
    if [[ $line == *$'\t'?* ]]; then
      candidates+=("${word//:/\\:}:${line#*$'\t'}")
    else
      candidates+=("${word//:/\\:}")
    fi
  done
  if [[ $PREFIX == -*=* ]]; then
    compset -P '-*='
  fi
  if ((${#candidates} == 0)); then
    ((directive & 4)) || _files
  elif ((directive & 2)); then
    _describe 'completions' candidates -S ''
  else
    _describe 'completions' candidates
  fi
}

if [[ ${funcstack[1]} == _kubectl ]]; then
  _kubectl "$@"
else
  compdef _kubectl kubectl
fi
)sh";

// Fish itself leaves the space out behind "deployment/".
constexpr char kFish[] = R"sh(# fish completion for kubectl

function __kubectl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    set -l directive (string sub -s 2 -- "$lines[-1]")
    set -e lines[-1]
    set -l flag (string match -r -- '^-[^=]*=' "$current")
    if test -z "$lines" -a "$directive" = 0
        set lines (__fish_complete_path (string replace -- "$flag" '' "$current"))
    end
    for line in $lines
        echo "$flag$line"
    end
end

complete -c kubectl -e
complete -c kubectl -f -a '(__kubectl_complete)'
)sh";

}  // namespace

absl::string_view CompletionScript(absl::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return "";
}

}  // namespace fairway::cmd
