#!/usr/bin/env bash
# Runs a command outside of the tunnel: the packets of its control group (cgroup v2) are marked.
#
#   command --cgroup--> mark --> rules that keep marked packets out of the tunnel --> link, with the link's own address
#
#   exclude.sh run  --name NAME --mark4 MARK --mark6 MARK --connection MARK [--seconds N] [--user USER] -- COMMAND…
#   exclude.sh done --name NAME       when the command has ended; does nothing while others of the group run
#
# NAME names cgroup and table. --mark4 and --mark6 are the marks that route the packets (0: the family is refused);
# --connection is the mark of their connections, by which the kill switch knows them. After --seconds nothing of the
# command leaves any more; the kernel keeps the time.
set -euo pipefail
export LC_ALL=C

die() {
  echo "exclude.sh: $*" >&2
  exit 1
}

[[ $# -ge 1 ]] || die 'run or done?'
VERB=$1
shift
NAME='' MARK4=0 MARK6=0 CONNECTION='' SECONDS_LEFT='' RUN_AS=''
while [[ $# -ge 2 && $1 != -- ]]; do
  case $1 in
    --name) NAME=$2 ;;
    --mark4) MARK4=$2 ;;
    --mark6) MARK6=$2 ;;
    --connection) CONNECTION=$2 ;;
    --seconds) SECONDS_LEFT=$2 ;;
    --user) RUN_AS=$2 ;;
    *) die "unknown option $1" ;;
  esac
  shift 2
done
[[ $NAME =~ ^[a-z0-9-]{1,60}$ ]] || die 'which --name?'
for number in "$MARK4" "$MARK6" "${CONNECTION:-0}" "${SECONDS_LEFT:-0}"; do
  [[ $number =~ ^[0-9]+$ ]] || die "$number is no number"
done
for tool in nft unshare setpriv; do
  command -v "$tool" >/dev/null || die "$tool is not installed: apt-get install nftables util-linux"
done

# route FAMILY MARK: what the group sends gets the mark and goes where the mark goes. The address was chosen for the way
# into the tunnel: masquerading gives the connection that of its link.
route() {
  local group="meta nfproto $1 socket cgroupv2 level 1 \"$NAME\""
  if [[ $2 == 0 ]]; then
    echo "$group reject with icmpx type admin-prohibited"
  else
    if [[ $SECONDS_LEFT ]]; then echo "$group meta nfproto != @open reject with icmpx type admin-prohibited"; fi
    echo "$group ct mark set $CONNECTION meta mark set $2"
  fi
}

table() {
  local open=''
  if [[ $SECONDS_LEFT ]]; then
    open="elements = { ipv4 timeout ${SECONDS_LEFT}s, ipv6 timeout ${SECONDS_LEFT}s };"
  fi
  cat <<RULES
table inet $NAME
delete table inet $NAME
table inet $NAME {
  set open { type nf_proto; flags timeout; $open }
  chain marking {
    type route hook output priority mangle;
    oifname "lo" return
    $(route ipv4 "$MARK4")
    $(route ipv6 "$MARK6")
  }
  chain addresses {
    type nat hook postrouting priority srcnat;
    ct mark $CONNECTION oifname != "lo" masquerade
  }
}
RULES
}

# with_cgroups SCRIPT ARGUMENTS…: nft looks for groups below /sys/fs/cgroup, where some machines have older hierarchies
# and `ip netns exec` has nothing. In a mount namespace of its own, cgroup v2 is there.
with_cgroups() {
  unshare --mount bash -euc "mount -t cgroup2 cgroup2 /sys/fs/cgroup; $1" exclude.sh "${@:2}"
}

# The shell joins the group and becomes the command.
run() {
  [[ $# -ge 1 && $CONNECTION ]] || die 'which --connection, which command?'
  # shellcheck disable=SC2016 # expanded inside
  table | with_cgroups 'mkdir -p "/sys/fs/cgroup/$1"; nft -f -; echo "$2" >"/sys/fs/cgroup/$1/cgroup.procs"' \
    "$NAME" $$ || die 'this machine cannot tell the command from others: it needs cgroup v2 and nftables'
  if [[ -z $RUN_AS ]]; then exec "$@"; fi
  HOME=$(getent passwd "$RUN_AS" | cut -d: -f6)
  export HOME USER=$RUN_AS LOGNAME=$RUN_AS
  exec setpriv --reuid="$RUN_AS" --regid="$(id -g "$RUN_AS")" --init-groups -- "$@"
}

# The kernel refuses to remove a group with processes: those go on as they are.
finish() {
  # shellcheck disable=SC2016
  if with_cgroups 'rmdir "/sys/fs/cgroup/$1"' "$NAME" 2>/dev/null; then
    nft delete table inet "$NAME"
  fi
}

case $VERB in
  run)
    [[ ${1-} == -- ]] || die 'no command'
    shift
    run "$@"
    ;;
  done) finish ;;
  *) die 'run or done?' ;;
esac
