#!/usr/bin/env bash
# Diverts TCP connections that would go into the tunnel to a program on this machine, which sees whom they were made to.
#
#   program ---SYN---> (tun0) --mark, rule, "local" route--> lo --TPROXY--> the client's listener ==stream==> server --> target
#   network behind ---SYN---> eth1 (forwarded to tun0) -- mark, TPROXY -----------^
#
#   persist.sh up   --name NAME --tun IFACE --ports PORTS --own MARK/MASK --mark MARK --priority N --port4 PORT [--port6 PORT]
#                   [--group N --answer MARK]
#   persist.sh down --name NAME --mark MARK        (further options are taken and ignored)
#
# NAME names the table of nft; MARK is the mark of diverted packets, of their connections, and the number of the routing
# table that keeps them here. What carries a mark in --own is the client's. A connection is diverted or not with its first
# packet: those that were made before go on as they are. A second `up` replaces the first, a second `down` does nothing.
#
# With --group that first packet (SYN) is held, so that the target can be asked before anybody answers in its stead: it goes to
# whoever listens to the group N of nfnetlink_log, and no further. It comes back from there through a raw socket, with MARK to be
# diverted, or with the mark of --answer plus 1 to 4 for the kernel to say no: refused, host or network unreachable, prohibited.
set -euo pipefail
export LC_ALL=C

# `proto` of all that resip-vpn puts into routing tables.
readonly PROTO=171

die() {
  echo "persist.sh: $*" >&2
  exit 1
}

run() {
  echo "[#] $*" >&2
  "$@"
}

[[ $# -ge 1 ]] || die 'up or down?'
VERB=$1
shift
NAME='' TUN='' PORTS='' OWN='' MARK='' PRIORITY='' PORT4='' PORT6='' GROUP='' ANSWER=''
while (($# >= 2)); do
  case $1 in
    --name) NAME=$2 ;;
    --tun) TUN=$2 ;;
    --ports) PORTS=$2 ;;
    --own) OWN=$2 ;;
    --mark) MARK=$2 ;;
    --priority) PRIORITY=$2 ;;
    --port4) PORT4=$2 ;;
    --port6) PORT6=$2 ;;
    --group) GROUP=$2 ;;
    --answer) ANSWER=$2 ;;
    *) die "unknown option $1" ;;
  esac
  shift 2
done
[[ $# -eq 0 ]] || die "$1 has no value"
[[ $NAME =~ ^[a-z0-9-]{1,60}$ ]] || die 'which --name?'
[[ $MARK =~ ^[0-9]+$ ]] || die 'which --mark?'
[[ -z $GROUP || ($GROUP =~ ^[0-9]+$ && $ANSWER =~ ^[0-9]+$) ]] || die 'which --group, and which --answer?'
command -v nft >/dev/null || die 'nft is not installed: apt-get install nftables'

families() {
  echo -4
  if [[ -e /proc/net/if_inet6 ]]; then echo -6; fi
}

# behind_at_once RULE: of each family that this machine forwards.
behind_at_once() {
  if grep -qs 1 /proc/sys/net/ipv4/conf/*/forwarding; then echo "meta nfproto ipv4 $1"; fi
  if grep -qs 1 /proc/sys/net/ipv6/conf/*/forwarding; then echo "meta nfproto ipv6 $1"; fi
}

# The route of a connection's first packet decides, so this machine, its neighbours and all that goes past the tunnel are left
# alone. Later packets follow their connection's mark; what the connection's other end sends is not theirs. A packet that was
# marked to stay must not leave, should somebody have removed the rule or the route.
#
# Of a network behind, only what this machine forwards is taken, behind its own rules about that: anybody on the Wi-Fi of a café can send
# us a packet for the far end of the tunnel. A held one is dropped there; one that is diverted at once has to be before it is
# forwarded, and there is but the switch to look at.
table() {
  local syn='tcp flags & (syn | ack) == syn'
  local first="$syn tcp dport @ports" onward='ct direction original ct mark '$MARK
  local hold='' answers=''
  if [[ $GROUP ]]; then
    # One with extension headers goes on as it is: they would be lost.
    hold="meta nfproto ipv4 log group $GROUP queue-threshold 1 drop
    ip6 nexthdr tcp log group $GROUP queue-threshold 1 drop"
    answers="meta mark $((ANSWER + 1)) ct mark set $MARK reject with tcp reset
    meta mark $((ANSWER + 2)) ct mark set $MARK reject with icmpx type host-unreachable
    meta mark $((ANSWER + 3)) ct mark set $MARK reject with icmpx type no-route
    meta mark $((ANSWER + 4)) ct mark set $MARK reject with icmpx type admin-prohibited
    meta mark $MARK $syn ct mark set $MARK"
  fi
  local behind='' forwarded=''
  if [[ $GROUP ]]; then
    # One that has another target by now (DNAT) would be answered by that.
    forwarded="chain forwarded {
    type filter hook forward priority filter + 10;
    iifname \"$TUN\" return
    ct status dnat return
    oifname \"$TUN\" $first jump hold
  }"
  else
    behind=$(behind_at_once "$first fib daddr . mark oifname \"$TUN\" ct mark set $MARK")
  fi
  local ipv6=''
  if [[ $PORT6 ]]; then ipv6="meta nfproto ipv6 meta l4proto tcp tproxy ip6 to [::1]:$PORT6 accept"; fi
  cat <<RULES
table inet $NAME
delete table inet $NAME
table inet $NAME {
  set ports { type inet_service; flags interval; auto-merge; elements = { $PORTS } }
  chain take {
    meta mark set $MARK
    meta nfproto ipv4 meta l4proto tcp tproxy ip to 127.0.0.1:$PORT4 accept
    $ipv6
  }
  chain hold {
    $hold
  }
  chain programs {
    type route hook output priority mangle;
    meta l4proto != tcp return
    $answers
    meta mark & ${OWN#*/} == ${OWN%/*} return
    oifname "$TUN" $first jump hold
    oifname "$TUN" $first ct mark set $MARK
    $onward meta mark set $MARK
  }
  chain arrivals {
    type filter hook prerouting priority mangle;
    meta l4proto != tcp return
    iifname "$TUN" return
    iifname "lo" meta mark $MARK goto take
    iifname "lo" return
    $behind
    $onward goto take
  }
  $forwarded
  chain guard {
    type filter hook postrouting priority filter;
    meta mark $MARK oifname != "lo" drop
  }
}
RULES
}

# drop_ways: the rule and the routes, as often as they are there.
drop_ways() {
  local family
  for family in $(families); do
    while ip "$family" rule del fwmark "$MARK" table "$MARK" protocol $PROTO 2>/dev/null; do :; done
    ip "$family" route flush table "$MARK" 2>/dev/null || true
  done
}

take_back() {
  echo 'persist.sh: failed; taking back what was done' >&2
  down
}

up() {
  local family
  [[ $TUN && $PORTS && $OWN && $PRIORITY && $PORT4 ]] || die 'up wants --tun, --ports, --own, --priority and --port4'
  trap take_back EXIT
  for family in $(families); do
    run ip "$family" route replace local default dev lo table "$MARK" protocol $PROTO
    if ! grep -q "fwmark $(printf '0x%x' "$MARK") " < <(ip "$family" rule list); then
      run ip "$family" rule add priority "$PRIORITY" fwmark "$MARK" table "$MARK" protocol $PROTO
    fi
  done
  table | run nft -f -
  trap - EXIT
}

# The table goes first: what is not marked needs no way.
down() {
  run nft -f - <<<"table inet $NAME
delete table inet $NAME"
  drop_ways
}

case $VERB in
  up) up ;;
  down) down ;;
  *) die 'up or down?' ;;
esac
