#!/usr/bin/env zsh
# SPDX-License-Identifier: Apache-2.0
# completions.zsh FUNCTIONS SCRATCH LINE: prints what an interactive zsh offers after LINE, one per
# line, and last the line after a tab. FUNCTIONS is the directory of the completion.

zmodload zsh/zpty
setopt err_exit no_unset

# Lists what compadd would add, then calls it. Some calls only ask for matches (-A, -D, -O).
cat >$2/rc <<'END'
setopt extended_glob no_auto_list no_list_beep
PS1= PS2= RPS1=
fpath=($FUNCTIONS $fpath)
autoload -Uz compinit && compinit -u -d $SCRATCH/dump
stty -echo
compadd() {
    local -a found
    if (( ! ${argv[1,(i)(-|--)][(I)-[A-Za-z]#[ADO]*]} )); then
        builtin compadd -O found "$@"
        print -rl -- $found >>$SCRATCH/offers
    fi
    builtin compadd "$@"
}
tell() {
    print -r -- "line:$BUFFER" >>$SCRATCH/offers
    BUFFER=
    print -rn -- '<told>'
}
zle -N tell
bindkey '^I' complete-word
bindkey '^G' tell
print -rn -- '<ready>'
END

rm -f $2/offers
zpty shell "FUNCTIONS=${(q)1} SCRATCH=${(q)2} zsh -f -i"
zpty -w shell ". ${(q)2}/rc"
zpty -r shell said '*<ready>*'
zpty -n -w shell "$3"$'\t\C-g'
zpty -r shell said '*<told>*'
zpty -d shell
cat $2/offers
