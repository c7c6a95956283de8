/** Compose's keys without a counterpart, each with the reason. A key that nobody knows is said to be unknown, never dropped. */
import type { Note } from "./note.ts";

/** Keys of a service that are carried over, here or by a file of this folder. */
const carried = [
  "image", "command", "environment", "env_file", "ports", "expose", "healthcheck", "depends_on", "links", "secrets", "volumes", "deploy",
  "scale", "cpus", "mem_limit", "stop_grace_period", "read_only",
]; // prettier-ignore

const reasons: Record<string, string> = {
  annotations: "ECS has tags instead: tags in the definition",
  blkio_config: "ECS gives no block device weights",
  build: "images are pulled, not built: build it, push it, and name it by digest in image",
  cap_add: "the definition gives containers no capabilities",
  cap_drop: "the definition leaves Docker's own set of capabilities",
  cgroup: "tasks have a cgroup of their own",
  cgroup_parent: "ECS makes the task's cgroup itself",
  configs: "bake the file into the image, or read it from the environment",
  container_name: "ECS names containers: service, task, number",
  cpu_count: "use deploy.resources.limits.cpus",
  cpu_percent: "use deploy.resources.limits.cpus",
  cpu_quota: "use deploy.resources.limits.cpus",
  cpu_shares: "cpu is set from limits; without one it is a quarter of a vCPU",
  cpuset: "ECS pins no processors",
  credential_spec: "Windows only",
  develop: "for development on one machine",
  device_cgroup_rules: "the definition gives containers no devices",
  devices: "the definition gives containers no devices",
  dns: "the VPC's resolver answers",
  dns_opt: "the VPC's resolver answers",
  dns_search: "the VPC's resolver answers",
  domainname: "services are found by name",
  entrypoint: "the image's own entry point is used: build the other one into the image",
  extends: "write what it inherits: docker compose config prints the whole",
  external_links: "uses names services of this platform",
  extra_hosts: "names are Route 53's",
  gpus: "the definition has no instances with graphics processors",
  group_add: "set the groups in the image",
  hostname: "services are found by the service's name",
  init: "every task has an init process anyway",
  ipc: "containers of different services may be on different machines",
  isolation: "Windows only",
  label_file: "tags belong to the platform: tags in the definition",
  labels: "tags belong to the platform: tags in the definition",
  logging: "every task logs to CloudWatch Logs",
  mac_address: "addresses are the machine's",
  mem_reservation: "memory is a hard limit",
  mem_swappiness: "tasks do not swap",
  memswap_limit: "tasks do not swap",
  models: "there is no counterpart",
  network_mode: "tasks are on a bridge, so that one definition runs in the regions and in the data centre",
  networks: "uses opens the way from a service to another one; all else is closed",
  oom_kill_disable: "a task over its hard limit is ended",
  oom_score_adj: "a task over its hard limit is ended",
  pid: "containers of different services may be on different machines",
  pids_limit: "the machine's limit holds",
  platform: "the architecture is the cluster's instance types'",
  post_start: "start it from the image's own command",
  pre_stop: "SIGTERM and stopTimeout are what a task gets",
  privileged: "no container is privileged",
  profiles: "every service is deployed",
  provider: "there is no counterpart",
  pull_policy: "a machine pulls an image that it does not have; by digest it never changes",
  restart: "ECS keeps the wanted number of tasks running",
  runtime: "Docker's default runtime is used",
  security_opt: "Docker's default profiles are used",
  shm_size: "Docker's 64 MiB are used",
  stdin_open: "no terminal is attached",
  stop_signal: "SIGTERM, or the image's own STOPSIGNAL",
  storage_opt: "the machine's disk is cluster.disk",
  sysctls: "the machine's settings hold",
  tmpfs: "what the container writes outside a share is gone with its task anyway",
  tty: "no terminal is attached",
  ulimits: "Docker's own limits hold",
  use_api_socket: "no container gets Docker's socket",
  user: "the image's own user is used: set USER in it",
  userns_mode: "Docker's own namespaces are used",
  uts: "tasks have a host name of their own",
  volumes_from: "name the volume in both services",
  working_dir: "the image's own folder is used: set WORKDIR in it",
};

const ofDeploy: Record<string, string> = {
  endpoint_mode: "services are found by name",
  labels: "tags belong to the platform: tags in the definition",
  mode: "a service has a number of tasks; one on every machine has no counterpart",
  placement: "tasks are spread over zones and machines: placement in the definition",
  restart_policy: "ECS keeps the wanted number of tasks running",
  rollback_config: "a failing deployment is rolled back: deployment.circuitBreaker",
  update_config: "tasks are replaced in place, twice their number at most: deployment in the definition",
};

const ofFile: Record<string, string> = {
  configs: "bake the files into the images, or read them from the environment",
  include: "import the files one by one, or what docker compose config prints",
  models: "there is no counterpart",
  networks: "each region has one network; uses opens ways between services",
  version: "Compose itself ignores it",
};

const why = (key: string, known: Record<string, string>): string =>
  key.startsWith("x-") ? "an extension, which Compose itself ignores" : (known[key] ?? "not a key that is known here");

export function leftovers(service: string, keys: Record<string, unknown>): Note[] {
  const own = Object.keys(keys).filter((key) => !carried.includes(key));
  const deploy = Object.keys((keys.deploy as object | null) ?? {}).filter((key) => key !== "replicas" && key !== "resources");
  return [
    ...own.map((key) => ({ where: `${service}.${key}`, what: why(key, reasons) })),
    ...deploy.map((key) => ({ where: `${service}.deploy.${key}`, what: why(key, ofDeploy) })),
    ...resources(service, keys),
  ];
}

function resources(service: string, keys: Record<string, unknown>): Note[] {
  const { resources = {} } = (keys.deploy ?? {}) as { resources?: { limits?: object; reservations?: object } };
  const limits = Object.keys(resources.limits ?? {}).filter((key) => key !== "cpus" && key !== "memory");
  return [
    ...limits.map((key) => ({ where: `${service}.deploy.resources.limits.${key}`, what: "limits are of processor and memory" })),
    ...(resources.reservations
      ? [{ where: `${service}.deploy.resources.reservations`, what: "what a task is limited to is reserved for it" }]
      : []),
  ];
}

/** Keys of the file that are neither services nor carried over with them. */
export const fileLeftovers = (file: object): Note[] =>
  Object.keys(file)
    .filter((key) => !["name", "services", "secrets", "volumes"].includes(key))
    .map((key) => ({ where: key, what: why(key, ofFile) }));
