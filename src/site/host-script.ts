/** The program on every container host: checks, enrolment, moving to the other region, files. POSIX shell, since a bare machine has nothing else. */

/** Traps that cost others days, each found before it bites. */
const checks = String.raw`
# --- checks: each says what is wrong and how to mend it; all of them in one pass

wrong=0
complain() { wrong=$((wrong + 1)); printf 'wrong: %s\n  fix: %s\n' "$1" "$2" >&2; }

# Other credentials win over the instance's own, and the agents then act as somebody else: amazon-ecs-agent#3604.
check_credentials() {
  for each in /root/.aws/credentials /root/.aws/config; do
    [ ! -e "$each" ] || complain "$each holds credentials that the agents would use" "mv $each $each.unused"
  done
  [ -z "$AWS_ACCESS_KEY_ID$AWS_PROFILE" ] || complain "AWS_ACCESS_KEY_ID or AWS_PROFILE is set" "unset AWS_ACCESS_KEY_ID AWS_PROFILE"
  if curl -s -o /dev/null --max-time 1 http://169.254.169.254/latest/meta-data/; then
    complain "an instance metadata service answers here" "use a machine that is not in a cloud, or block 169.254.169.254"
  fi
}

# A cloned machine has its original's registration and is refused: amazon-ssm-agent#567.
fingerprint() { cat /etc/machine-id /sys/class/dmi/id/product_uuid 2>/dev/null | sha256sum | cut -d ' ' -f 1; }
check_fingerprint() {
  [ -f "$state/fingerprint" ] || return 0
  [ "$(cat "$state/fingerprint")" = "$(fingerprint)" ] ||
    complain "this machine was cloned from an enrolled one" "rm -r $state /var/lib/amazon/ssm /var/lib/ecs/data, then causeway-host enrol"
}

# After 30 minutes without AWS the SSM agent may sleep with an expired signature: amazon-ssm-agent#616.
check_agent() {
  [ -f "$state/role" ] || return 0
  for unit in amazon-ssm-agent ecs docker; do
    systemctl is-active --quiet "$unit" || complain "$unit does not run" "systemctl restart $unit"
  done
  if journalctl -q -u amazon-ssm-agent --since -1h 2>/dev/null | grep -qiE 'hibernat|signature (has )?expired|InvalidSignature'; then
    complain "the SSM agent sleeps or signs with an old clock" "systemctl restart amazon-ssm-agent; if it goes on: causeway-host enrol"
  fi
}

# Without the memory controller a container's limit is a wish.
check_cgroups() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    grep -qw memory /sys/fs/cgroup/cgroup.controllers || complain "cgroups do not count memory" "boot with cgroup_enable=memory"
  elif [ ! -d /sys/fs/cgroup/memory ]; then
    complain "there are no cgroups" "mount /sys/fs/cgroup"
  fi
}

# AWS refuses requests that are signed five minutes off.
check_clock() {
  there=$(curl -sI --max-time 5 "https://ssm.$REGION.amazonaws.com/" | tr -d '\r' | sed -n 's/^[Dd]ate: //p')
  [ -n "$there" ] || return 0
  skew=$(($(date +%s) - $(date -d "$there" +%s)))
  [ "$skew" -gt -120 ] && [ "$skew" -lt 120 ] || complain "the clock is $skew s off" "timedatectl set-ntp true"
}

# Docker's network must be the one that the address plan knows.
check_bridge() {
  have=$(ip -4 -o address show dev docker0 2>/dev/null | sed -n 's/.* inet \([^ ]*\) .*/\1/p')
  [ -z "$have" ] || [ "$have" = "$DOCKER_BIP" ] ||
    complain "Docker's bridge has $have, the address plan $DOCKER_BIP" 'set "bip" in /etc/docker/daemon.json, systemctl restart docker'
}

# Every service of AWS that the agents ask: its name, then a connection.
check_endpoints() {
  for service in $ENDPOINTS; do
    name="$service.$REGION.amazonaws.com"
    if ! getent ahostsv4 "$name" >/dev/null; then
      complain "$name has no address" "forward the region's names to its inbound endpoint: see dns/"
    elif ! curl -s -o /dev/null --connect-timeout 5 --max-time 10 "https://$name/"; then
      complain "$name does not answer at port 443" "look at the lines, the endpoints' security group and the firewalls between"
    fi
  done
}

check() {
  check_credentials; check_fingerprint; check_agent; check_cgroups; check_clock; check_bridge; check_endpoints
  [ "$wrong" -eq 0 ] && echo "nothing wrong" && return 0
  return 1
}
`;

const enrolment = String.raw`
# --- enrolment: ECS Anywhere and Systems Manager

# An activation is minted for one host at the moment it is needed: its id and its code, two lines on standard input, kept nowhere.
# Asked for before anything is stopped. AWS's programs take them as arguments; the activation is good for one registration.
activation() {
  [ ! -t 0 ] || die "no activation on standard input: see causeway site plan"
  if ! { read -r activation_id && read -r activation_code; }; then
    die "two lines are expected: the activation's id and its code"
  fi
}

enrolled() { [ -f "$state/role" ] && [ "$(cat "$state/role")" = "$role" ] && [ "$(cat "$state/fingerprint")" = "$(fingerprint)" ]; }
remember() { mkdir -p "$state" && fingerprint >"$state/fingerprint" && echo "$role" >"$state/role"; }

# The agent's own settings, whole each time: AWS's installer appends.
configure_ecs() {
  mkdir -p /etc/ecs /var/lib/ecs/data
  printf '%s\n' "ECS_CLUSTER=$CLUSTER" "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached" "ECS_ENABLE_TASK_IAM_ROLE=true" \
    "ECS_INSTANCE_ATTRIBUTES={\"causeway.host\":\"$HOST\"}" >/etc/ecs/ecs.config
  printf '%s\n' "AWS_DEFAULT_REGION=$REGION" "ECS_EXTERNAL=true" >/var/lib/ecs/ecs.config
}

# For the ECS agent, whose answers carry its cluster.
wait_for_agent() {
  for _ in $(seq 60); do
    curl -s --max-time 2 http://localhost:51678/v1/metadata | grep -q "\"Cluster\":\"$CLUSTER\"" && return 0
    sleep 2
  done
  die "the ECS agent did not register within two minutes: journalctl -u ecs"
}

enrol() {
  if enrolled && systemctl is-active --quiet ecs; then
    echo "$HOST is enrolled in $REGION already"
    return 0
  fi
  activation
  installer=$(mktemp -d)
  trap 'rm -r "$installer"' EXIT
  # docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere-registration.html
  for each in "" .sha256; do
    curl -sSf --proto =https -o "$installer/ecs-anywhere-install-latest.sh$each" \
      "https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh$each" || die "AWS's installer could not be fetched"
  done
  # The sum alone: the file beside it may name another path.
  [ "$(cut -d ' ' -f 1 "$installer/ecs-anywhere-install-latest.sh.sha256")" = "$(sha256sum "$installer/ecs-anywhere-install-latest.sh" | cut -d ' ' -f 1)" ] ||
    die "AWS's installer does not have its checksum"
  source=all
  ! command -v docker >/dev/null || source=none
  bash "$installer/ecs-anywhere-install-latest.sh" --region "$REGION" --cluster "$CLUSTER" --docker-install-source "$source" \
    --activation-id "$activation_id" --activation-code "$activation_code"
  configure_ecs
  systemctl restart ecs
  wait_for_agent
  remember
  echo "$HOST is enrolled in $REGION"
}

# Containers end in their own time. Who can reach ECS drains the instance first, so that their successors start elsewhere.
drain() {
  systemctl stop ecs
  containers=$(docker ps -q --filter label=com.amazonaws.ecs.cluster)
  # shellcheck disable=SC2086 # one word each
  [ -z "$containers" ] || docker stop --time 120 $containers >/dev/null
  echo "nothing of ECS runs on $HOST; causeway-host resume takes it back"
}

resume() { systemctl start ecs && wait_for_agent; }

# The other region's cluster. An agent keeps what it was registered as and is refused elsewhere: that goes first.
rehome() {
  if enrolled && systemctl is-active --quiet ecs; then
    echo "$HOST is in $REGION already"
    return 0
  fi
  activation
  drain
  rm -rf /var/lib/ecs/data
  configure_ecs
  systemctl stop amazon-ssm-agent
  amazon-ssm-agent -register -y -region "$REGION" -id "$activation_id" -code "$activation_code"
  systemctl start amazon-ssm-agent ecs
  wait_for_agent
  remember
  [ -z "$SHARES" ] || files
  echo "$HOST is in $REGION"
}
`;

const files = String.raw`
# --- files: both regions' gateways are mounted when used; containers see the one that is chosen

chosen() { cat "$state/files" 2>/dev/null || echo primary; }

# Containers keep what they found when they started, so those that use a share are stopped, and ECS starts them anew.
files() {
  mkdir -p "$state"
  for share in $SHARES; do
    behind="/mnt/causeway-$role/$share" before="$mounts/$share"
    [ -d "$behind" ] || die "the $role region has no gateway for $share"
    mkdir -p "$before"
    # A gateway that is gone answers no unmount: let go of it.
    while mountpoint -q "$before"; do umount -l "$before"; done
    timeout 60 ls "$behind" >/dev/null || die "the $role region's gateway does not answer: $share"
    mount --bind "$behind" "$before"
    containers=$(docker ps -q --filter "volume=$before" 2>/dev/null)
    # shellcheck disable=SC2086 # one word each
    [ -z "$containers" ] || docker stop --time 120 $containers >/dev/null
  done
  echo "$role" >"$state/files"
  echo "$HOST uses the files of the $role region"
}
`;

const commands = String.raw`
usage() {
  cat <<'END'
Usage: causeway-host COMMAND

  check            look for what keeps a host from working
  enrol REGION     join the cluster of the region (primary, recovery); activation id and code on standard input
  rehome REGION    leave one region's cluster for the other's; likewise
  drain, resume    stop taking part, take part again
  files [REGION]   use that region's file gateway; without a region, the one that was chosen last
END
}

case "$1" in
enrol | rehome | files)
  role=$2
  [ "$1" != files ] || role=$([ -n "$2" ] && echo "$2" || chosen)
  case "$role" in
  primary) REGION=$PRIMARY_REGION ;;
  recovery) REGION=$RECOVERY_REGION ;;
  *) usage >&2; exit 3 ;;
  esac
  [ -n "$REGION" ] || die "the platform has no such region"
  "$1"
  ;;
check | drain | resume) "$1" ;;
*) usage >&2; exit 3 ;;
esac
`;

/** `/usr/local/sbin/causeway-host`: the same on every host; what differs is in `/etc/causeway/host.env`. */
export const hostScript = (mountPoint: string): string => String.raw`#!/bin/sh
# The platform's program on a container host. May run again at any time.
set -eu
die() { echo "error: $1" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || die "only root may do this"
. /etc/causeway/host.env
state=/var/lib/causeway
mounts=${mountPoint}
role=$(cat "$state/role" 2>/dev/null || echo primary)
REGION=$PRIMARY_REGION
[ "$role" != recovery ] || REGION=$RECOVERY_REGION
# Read, never set: what the caller's environment has.
AWS_ACCESS_KEY_ID=${"${AWS_ACCESS_KEY_ID:-}"} AWS_PROFILE=${"${AWS_PROFILE:-}"}
set -- "${"${1:-}"}" "${"${2:-}"}"
${checks}${enrolment}${files}${commands}`;
