#!/usr/bin/env bash
# Lets the addresses of a tunnel's pool out to the world, and takes it back.
#
#   clients ==tunnel== tun0 --forward--> eth0 -- internet
#                      pool               masqueraded as eth0's own address
#
#   nat.sh up   --tag TAG --tun IFACE --pool CIDR --out IFACE [--pool6 CIDR] [--out6 IFACE]
#   nat.sh down --tag TAG        (further options are taken and ignored)
#
# All rules live in chains named after TAG (letters, digits, - and _; 22 at most) and carry a comment. A second `up`
# replaces the first, a second `down` does nothing. What was before (kernel settings, which built-in chains existed)
# is noted in the firewall itself, in the unreferenced chain RESIP.TAG: the note ends with what it describes, and
# instances that share a setting see each other's notes; the last one to go puts it back.
set -euo pipefail
export LC_ALL=C

die() {
  echo "nat.sh: $*" >&2
  exit 1
}

run() {
  echo "[#] $*" >&2
  "$@"
}

usage() {
  sed -n '7,8s/^# *//p' "$0" >&2
  exit 2
}

# --- Which iptables ---------------------------------------------------------------------------------------------

have() { command -v "$1" >/dev/null; }

# legacy_used PREFIX: rules of the old kernel interface are in force. Its own tools would create tables just by
# looking, so the kernel's list is asked first.
legacy_used() {
  local names=/proc/net/ip_tables_names
  [[ $1 == ip6 ]] && names=/proc/net/ip6_tables_names
  grep -qs . "$names" && have "$1tables-legacy" && "$1tables-legacy-save" 2>/dev/null | grep -Eq '^-A|^:[A-Z]+ DROP'
}

# backend ip|ip6: the command whose rules decide on this machine. Two kinds side by side would each have a say.
backend() {
  if legacy_used "$1" && ! { have "$1tables-nft" && "$1tables-nft-save" 2>/dev/null | grep -q '^-A'; }; then
    echo "$1tables-legacy"
  else
    echo "$1tables"
  fi
}

# backends ip|ip6: every command that may hold rules of ours.
backends() {
  if have "$1tables"; then echo "$1tables"; fi
  if legacy_used "$1"; then echo "$1tables-legacy"; fi
}

# The three places: table and built-in chain.
readonly HOOKS=("filter FORWARD" "nat POSTROUTING" "mangle FORWARD")

# --- Notes ------------------------------------------------------------------------------------------------------
# One comment each: `resip-vpn: KEY was PREVIOUS is WANTED`.

# All notes of all instances that are in force with the command NOTES_OF, `CHAIN KEY PREVIOUS WANTED` each.
NOTES=() NOTES_OF=''

# read_notes CMD: a server's start and end ask for them dozens of times, and each process costs a small machine tens of milliseconds.
read_notes() {
  local line form='^-A (RESIP\.[^ ]+) .*"resip-vpn: ([^ ]+) was ([^ ]+) is ([^ ]+)"'
  if [[ $NOTES_OF == "$1" ]]; then return; fi
  NOTES=() NOTES_OF=$1
  while read -r line; do
    if [[ $line =~ $form ]]; then NOTES+=("${BASH_REMATCH[*]:1}"); fi
  done < <("$1" -w 5 -t filter -S 2>/dev/null)
}

# note CMD KEY PREVIOUS WANTED: kept when this instance or, on its account, another one has noted KEY before.
note() {
  local cmd=$1 key=$2 previous=$3 wanted=$4 chain noted was known=''
  read_notes "$cmd"
  for noted in "${NOTES[@]}"; do
    read -r chain noted was _ <<<"$noted"
    if [[ $noted != "$key" ]]; then continue; fi
    if [[ $chain == "$STORE" ]]; then return; fi
    known=${known:-$was}
  done
  previous=${known:-$previous}
  if [[ $previous == "$wanted" ]]; then return; fi
  run "$cmd" -w 5 -A "$STORE" -m comment --comment "resip-vpn: $key was $previous is $wanted"
  NOTES_OF=''
}

# set_sysctl CMD KEY WANTED
set_sysctl() {
  local cmd=$1 key=$2 wanted=$3 previous
  # Another instance that starts beside this one may have set and noted it since: without a note on our account it would put it back.
  NOTES_OF=''
  previous=$(<"/proc/sys/$key") || die "no such kernel setting: $key"
  note "$cmd" "$key" "$previous" "$wanted"
  if [[ $previous != "$wanted" ]]; then write_sysctl "$key" "$wanted"; fi
}

write_sysctl() {
  echo "[#] echo $2 > /proc/sys/$1" >&2
  echo "$2" >"/proc/sys/$1"
}

# noted CMD KEY [CHAIN]: some instance has a note of it; one other than that of CHAIN.
noted() {
  local noted chain key
  read_notes "$1"
  for noted in "${NOTES[@]}"; do
    read -r chain key _ <<<"$noted"
    if [[ $key == "$2" && $chain != "${3-}" ]]; then return 0; fi
  done
  return 1
}

# note_hooks CMD ip|ip6: iptables-nft makes tables and chains as it goes; those that were not there go again.
note_hooks() {
  local table hook place
  if ! have nft || [[ $("$1" -V) == *legacy* ]]; then return; fi
  for place in "${HOOKS[@]}"; do
    read -r table hook <<<"$place"
    if noted "$1" "chain:$table/$hook" || ! nft list chain "$2" "$table" "$hook" >/dev/null 2>&1; then
      ABSENT+=("$table/$hook")
    fi
  done
}

# --- Up ---------------------------------------------------------------------------------------------------------

# add CMD TABLE RULE...: a rule in our own chain.
add() {
  local cmd=$1 table=$2
  shift 2
  run "$cmd" -w 5 -t "$table" -A "$RULES" -m comment --comment "resip-vpn $TAG" "$@"
}

# fresh_chain CMD TABLE HOOK: our own chain, empty, reached from the built-in one. The filter's jump goes first, since
# a policy that ends in REJECT would never come to it; nat and mangle leave precedence to the rules of others.
fresh_chain() {
  local cmd=$1 table=$2 hook=$3 jump
  jump=("$hook" -m comment --comment "resip-vpn $TAG" -j "$RULES")
  "$cmd" -w 5 -t "$table" -n -L "$RULES" >/dev/null 2>&1 || run "$cmd" -w 5 -t "$table" -N "$RULES"
  run "$cmd" -w 5 -t "$table" -F "$RULES"
  if "$cmd" -w 5 -t "$table" -C "${jump[@]}" 2>/dev/null; then return; fi
  if [[ $table == filter ]]; then run "$cmd" -w 5 -t "$table" -I "${jump[@]}"; else run "$cmd" -w 5 -t "$table" -A "${jump[@]}"; fi
}

# up_family ip|ip6 POOL OUT
up_family() {
  local family=$1 pool=$2 out=$3 cmd hook table
  cmd=$(backend "$family")
  have "$cmd" || die "$cmd is not installed: apt-get install iptables"

  ABSENT=()
  note_hooks "$cmd" "$family"
  "$cmd" -w 5 -n -L "$STORE" >/dev/null 2>&1 || run "$cmd" -w 5 -N "$STORE"
  for hook in "${ABSENT[@]}"; do note "$cmd" "chain:$hook" absent present; done

  for hook in "${HOOKS[@]}"; do
    read -r table hook <<<"$hook"
    fresh_chain "$cmd" "$table" "$hook"
  done
  # Nobody forwards link-local addresses (RFC 3927 §7). In a cloud they tell the machine its own secrets (instance metadata).
  if [[ $family == ip ]]; then add "$cmd" filter -i "$TUN" -d 169.254.0.0/16 -j DROP; fi
  add "$cmd" filter -i "$TUN" -o "$out" -s "$pool" -j ACCEPT
  add "$cmd" filter -i "$out" -o "$TUN" -d "$pool" -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
  add "$cmd" nat -s "$pool" -o "$out" -j MASQUERADE
  # TCP learns the tunnel's smaller packets from the handshake, where path MTU discovery is filtered away.
  add "$cmd" mangle -i "$TUN" -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
  add "$cmd" mangle -o "$TUN" -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu

  if [[ $family == ip ]]; then
    set_sysctl "$cmd" net/ipv4/ip_forward 1
  else
    keep_router_advertisements "$cmd" "$out"
    set_sysctl "$cmd" net/ipv6/conf/all/forwarding 1
  fi
}

# A kernel that forwards IPv6 forgets default routes from router advertisements, unless accept_ra is 2.
keep_router_advertisements() {
  local key=net/ipv6/conf/$2/accept_ra
  if [[ $(<"/proc/sys/$key") == 1 ]] || noted "$1" "$key"; then set_sysctl "$1" "$key" 2; fi
}

take_back() {
  echo "nat.sh: failed; taking back what was done" >&2
  down
}

up() {
  [[ $TUN && $POOL && $OUT ]] || usage
  trap take_back EXIT
  up_family ip "$POOL" "$OUT"
  if [[ $POOL6 ]]; then up_family ip6 "$POOL6" "${OUT6:-$OUT}"; else down_family ip6; fi
  trap - EXIT
}

# --- Down -------------------------------------------------------------------------------------------------------

# drop_chain CMD TABLE CHAIN: harmless when there is none.
drop_chain() {
  "$1" -w 5 -t "$2" -n -L "$3" >/dev/null 2>&1 || return 0
  run "$1" -w 5 -t "$2" -F "$3"
  run "$1" -w 5 -t "$2" -X "$3"
}

# put_back FAMILY CMD KEY PREVIOUS WANTED: unless another instance counts on it, or somebody has changed it since.
put_back() {
  local family=$1 cmd=$2 key=$3 previous=$4 wanted=$5
  if [[ $key == chain:* ]]; then
    ABSENT+=("${key#chain:}")
  elif noted "$cmd" "$key" "$STORE"; then
    echo "nat.sh: $key stays $wanted: another instance uses it" >&2
  elif [[ -e /proc/sys/$key && $(<"/proc/sys/$key") == "$wanted" ]]; then
    write_sysctl "$key" "$previous"
  fi
}

# drop_hook FAMILY CMD TABLE HOOK: the kernel refuses while anybody has a rule or a policy in it.
drop_hook() {
  "$2" -w 5 -t "$3" -X "$4" 2>/dev/null || return 0
  have nft || return 0
  if ! nft list table "$1" "$3" 2>/dev/null | grep -Eq '^[[:space:]]+[a-z]'; then run nft delete table "$1" "$3"; fi
}

down_family() {
  local family=$1 cmd hook table chain note at
  for cmd in $(backends "$family"); do
    for hook in "${HOOKS[@]}"; do
      read -r table hook <<<"$hook"
      while "$cmd" -w 5 -t "$table" -C "$hook" -m comment --comment "resip-vpn $TAG" -j "$RULES" 2>/dev/null; do
        run "$cmd" -w 5 -t "$table" -D "$hook" -m comment --comment "resip-vpn $TAG" -j "$RULES"
      done
      drop_chain "$cmd" "$table" "$RULES"
    done
    ABSENT=()
    read_notes "$cmd"
    for ((at = ${#NOTES[@]} - 1; at >= 0; at--)); do
      read -r chain note <<<"${NOTES[at]}"
      # shellcheck disable=SC2086 # three words, none of them quoted
      if [[ $chain == "$STORE" ]]; then put_back "$family" "$cmd" $note; fi
    done
    drop_chain "$cmd" filter "$STORE"
    NOTES_OF=''
    for hook in "${ABSENT[@]}"; do drop_hook "$family" "$cmd" "${hook%/*}" "${hook#*/}"; done
  done
}

down() {
  down_family ip
  down_family ip6
}

# --- Command line -----------------------------------------------------------------------------------------------

[[ $# -ge 1 ]] || usage
VERB=$1
shift
TAG='' TUN='' POOL='' POOL6='' OUT='' OUT6=''
while (($# >= 2)); do
  case $1 in
    --tag) TAG=$2 ;;
    --tun) TUN=$2 ;;
    --pool) POOL=$2 ;;
    --pool6) POOL6=$2 ;;
    --out) OUT=$2 ;;
    --out6) OUT6=$2 ;;
    *) usage ;;
  esac
  shift 2
done
[[ $# -eq 0 && $TAG =~ ^[A-Za-z0-9_-]{1,22}$ ]] || usage
readonly TAG TUN POOL POOL6 OUT OUT6
readonly RULES=RESIP-$TAG STORE=RESIP.$TAG
ABSENT=()

case $VERB in
  up) up ;;
  down) down ;;
  *) usage ;;
esac
