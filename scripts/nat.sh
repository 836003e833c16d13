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
# looking, so the kernel's list is asked first. (No pipe into grep -q: it ends before what it reads, which then counts as a failure.)
legacy_used() {
  local names=/proc/net/ip_tables_names
  [[ $1 == ip6 ]] && names=/proc/net/ip6_tables_names
  grep -qs . "$names" && have "$1tables-legacy" && grep -Eq '^-A|^:[A-Z]+ DROP' < <("$1tables-legacy-save" 2>/dev/null)
}

# backend ip|ip6: the command whose rules decide on this machine. Two kinds side by side would each have a say.
backend() {
  if legacy_used "$1" && ! { have "$1tables-nft" && grep -q '^-A' < <("$1tables-nft-save" 2>/dev/null); }; then
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

# --- What is in force, and changes of it ------------------------------------------------------------------------
# Each process costs a small machine tens of milliseconds, and a server that restarts forwards nothing meanwhile: so all that
# concerns us is asked for at once, and changed at once.

# Chains and rules of all instances that are in force with the command SAVED_OF, `TABLE LINE` each, as iptables-save has them.
SAVED=() SAVED_OF=''

# look CMD
look() {
  local line table='' foreign="^# Table .([a-z]+). is incompatible"
  if [[ $SAVED_OF == "$1" ]]; then return; fi
  SAVED=() SAVED_OF=$1
  while read -r line; do
    if [[ $line =~ $foreign ]]; then
      look_closely "$1" "${BASH_REMATCH[1]}"
    elif [[ $line == \** ]]; then
      table=${line#\*}
    else
      SAVED+=("$table $line")
    fi
  done < <("$1-save" 2>/dev/null | grep -E "^\*|RESIP[.-]|$foreign")
}

# look_closely CMD TABLE: chain by chain, where rules of others are more than iptables has words for.
look_closely() {
  local place table hook chain line
  for place in "${HOOKS[@]}"; do
    read -r table hook <<<"$place"
    if [[ $table != "$2" ]]; then continue; fi
    if "$1" -w 5 -t "$2" -C "$hook" -m comment --comment "resip-vpn $TAG" -j "$RULES" 2>/dev/null; then
      SAVED+=("$2 -A $hook -m comment --comment \"resip-vpn $TAG\" -j $RULES")
    fi
  done
  while read -r chain; do
    while read -r line; do
      SAVED+=("$2 ${line/#-N $chain/:$chain -}")
    done < <("$1" -w 5 -t "$2" -S "$chain" 2>/dev/null)
  done < <(nft list chains "${1%%tables*}" | awk -v of="$2" '$1 == "table" { table = $3 } table == of && /RESIP/ { print $2 }')
}

# has_chain TABLE CHAIN: as it was looked at last.
has_chain() {
  local line
  for line in "${SAVED[@]}"; do
    if [[ $line == "$1 :$2 "* ]]; then return 0; fi
  done
  return 1
}

# jumps TABLE: rules of built-in chains that lead into ours, as it was looked at last.
jumps() {
  local line
  for line in "${SAVED[@]}"; do
    if [[ $line == "$1 -A "*" -j $RULES" ]]; then echo "${line#"$1 "}"; fi
  done
}

# Changes that wait, by table.
declare -A BATCH=()

# put TABLE LINE: as iptables-restore reads it.
put() {
  BATCH[$1]+=$2$'\n'
}

# feed CMD: what was put, all of a table or nothing.
feed() {
  local table text='' said
  for table in filter nat mangle; do
    if [[ ${BATCH[$table]-} ]]; then text+="*$table"$'\n'"${BATCH[$table]}"$'COMMIT\n'; fi
  done
  BATCH=() SAVED_OF=''
  if [[ ! $text ]]; then return; fi
  text=${text%$'\n'}
  printf "[#] %s\n" "$1-restore -w 5 --noflush" "  ${text//$'\n'/$'\n[#]   '}" >&2
  said=$("$1-restore" -w 5 --noflush 2>&1 <<<"$text") || die "${said%%$'\n'*}"
}

# --- Notes ------------------------------------------------------------------------------------------------------
# One comment each: `resip-vpn: KEY was PREVIOUS is WANTED`.

# All notes of all instances, `CHAIN KEY PREVIOUS WANTED` each.
NOTES=()

# read_notes CMD
read_notes() {
  local line form='^filter -A (RESIP\.[^ ]+) .*"resip-vpn: ([^ ]+) was ([^ ]+) is ([^ ]+)"'
  look "$1"
  NOTES=()
  for line in "${SAVED[@]}"; do
    if [[ $line =~ $form ]]; then NOTES+=("${BASH_REMATCH[*]:1}"); fi
  done
}

# note CMD KEY PREVIOUS WANTED: put, unless this instance or, on its account, another one has noted KEY before.
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
  put filter "-A $STORE -m comment --comment \"resip-vpn: $key was $previous is $wanted\""
}

# set_sysctl CMD KEY WANTED
set_sysctl() {
  local cmd=$1 key=$2 wanted=$3 previous
  # Another instance that starts beside this one may have set and noted it since: without a note on our account it would put it back.
  SAVED_OF=''
  previous=$(<"/proc/sys/$key") || die "no such kernel setting: $key"
  note "$cmd" "$key" "$previous" "$wanted"
  feed "$cmd"
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
  local there table hook place
  if ! have nft || [[ $("$1" -V) == *legacy* ]]; then return; fi
  there=$(nft list chains "$2" | awk '$1 == "table" { table = $3 } $1 == "chain" { print table "/" $2 }')
  for place in "${HOOKS[@]}"; do
    read -r table hook <<<"$place"
    if noted "$1" "chain:$table/$hook" || [[ $'\n'$there$'\n' != *$'\n'"$table/$hook"$'\n'* ]]; then
      note "$1" "chain:$table/$hook" absent present
    fi
  done
}

# --- Up ---------------------------------------------------------------------------------------------------------

# add TABLE RULE: in our own chain.
add() {
  put "$1" "-A $RULES -m comment --comment \"resip-vpn $TAG\" $2"
}

# fresh_chain TABLE HOOK: our own chain, empty, reached from the built-in one. The filter's jump goes first, since
# a policy that ends in REJECT would never come to it; nat and mangle leave precedence to the rules of others.
fresh_chain() {
  local verb=-A
  put "$1" ":$RULES - [0:0]"
  if [[ $(jumps "$1") ]]; then return; fi
  if [[ $1 == filter ]]; then verb=-I; fi
  put "$1" "$verb $2 -m comment --comment \"resip-vpn $TAG\" -j $RULES"
}

# up_family ip|ip6 POOL OUT
up_family() {
  local family=$1 pool=$2 out=$3 cmd hook table
  cmd=$(backend "$family")
  have "$cmd" || die "$cmd is not installed: apt-get install iptables"

  look "$cmd"
  # An existing one would be emptied.
  if ! has_chain filter "$STORE"; then put filter ":$STORE - [0:0]"; fi
  note_hooks "$cmd" "$family"
  for hook in "${HOOKS[@]}"; do
    read -r table hook <<<"$hook"
    fresh_chain "$table" "$hook"
  done
  # Nobody forwards link-local addresses (RFC 3927 §7). In a cloud they tell the machine its own secrets (instance metadata).
  if [[ $family == ip ]]; then add filter "-i $TUN -d 169.254.0.0/16 -j DROP"; fi
  add filter "-i $TUN -o $out -s $pool -j ACCEPT"
  add filter "-i $out -o $TUN -d $pool -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
  add nat "-s $pool -o $out -j MASQUERADE"
  # TCP learns the tunnel's smaller packets from the handshake, where path MTU discovery is filtered away.
  add mangle "-i $TUN -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"
  add mangle "-o $TUN -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"
  feed "$cmd"

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

# put_back CMD KEY PREVIOUS WANTED: unless another instance counts on it, or somebody has changed it since.
put_back() {
  local cmd=$1 key=$2 previous=$3 wanted=$4
  if [[ $key == chain:* ]]; then
    ABSENT+=("${key#chain:}")
  elif noted "$cmd" "$key" "$STORE"; then
    echo "nat.sh: $key stays $wanted: another instance uses it" >&2
  elif [[ -e /proc/sys/$key && $(<"/proc/sys/$key") == "$wanted" ]]; then
    write_sysctl "$key" "$previous"
  fi
}

# drop_hooks FAMILY CMD: built-in chains that were not there; the kernel refuses while anybody has a rule or a policy in one.
drop_hooks() {
  local hook empty
  for hook in "${ABSENT[@]}"; do "$2" -w 5 -t "${hook%/*}" -X "${hook#*/}" 2>/dev/null || true; done
  if [[ ${#ABSENT[@]} -eq 0 ]] || ! have nft; then return; fi
  empty=$(nft list ruleset "$1" | awk -v made=" ${ABSENT[*]}" '
    $1 == "table" { table = $3; getline; if ($1 == "}" && index(made, " " table "/")) print "delete table", family, table }
  ' family="$1")
  if [[ $empty ]]; then run nft "$empty"; fi
}

# drop_rules TABLE: jumps into our chain, and the chain.
drop_rules() {
  local jump
  if ! has_chain "$1" "$RULES"; then return; fi
  while read -r jump; do
    if [[ $jump ]]; then put "$1" "-D ${jump#-A }"; fi
  done < <(jumps "$1")
  put "$1" "-F $RULES"
  put "$1" "-X $RULES"
}

down_family() {
  local family=$1 cmd hook chain note notes at
  for cmd in $(backends "$family"); do
    SAVED_OF=''
    look "$cmd"
    for hook in "${HOOKS[@]}"; do drop_rules "${hook% *}"; done
    feed "$cmd"
    ABSENT=()
    read_notes "$cmd"
    notes=("${NOTES[@]}")
    for ((at = ${#notes[@]} - 1; at >= 0; at--)); do
      read -r chain note <<<"${notes[at]}"
      # shellcheck disable=SC2086 # three words, none of them quoted
      if [[ $chain == "$STORE" ]]; then put_back "$cmd" $note; fi
    done
    if ! has_chain filter "$STORE"; then continue; fi
    put filter "-F $STORE"
    put filter "-X $STORE"
    feed "$cmd"
    drop_hooks "$family" "$cmd"
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
