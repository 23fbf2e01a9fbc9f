/**
 * How a built server is started, whatever it runs in. `--cache=local` counts at the start only; without it the
 * server opens ports of its cluster.
 *
 * @param {{ host: string, port: number, managementPort: number, url: string }} address
 */
export const startArguments = ({ host, port, managementPort, url }) => [
  'start',
  '--optimized',
  '--import-realm',
  '--cache=local',
  '--http-enabled=true',
  `--http-host=${host}`,
  `--http-port=${port}`,
  `--http-management-port=${managementPort}`,
  `--hostname=${url}`,
  '--shutdown-delay=0s',
  '--shutdown-timeout=0s',
]
