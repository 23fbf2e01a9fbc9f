/** How a run of `latchkey` ended, for scripts. Each stands in `latchkey --help`, and keeps its meaning. */
export const EXIT = {
  done: 0,
  settings: 1,
  usage: 2,
  refused: 3,
  signInAgain: 4,
  unavailable: 5,
  accessDenied: 6,
  codeExpired: 7,
  output: 8,
  bug: 70,
  // 128 and the number of the signal, as a shell has it.
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The same for people. */
export const EXIT_CODES: readonly (readonly [ExitCode, string])[] = [
  [EXIT.done, 'done'],
  [EXIT.settings, 'a setting is missing or unusable, or so is the place where the login is kept'],
  [EXIT.usage, 'wrong use of the command line'],
  [EXIT.refused, 'the authorization server or the API refused, or a token is not good'],
  [EXIT.signInAgain, 'there is no login, or it is over: latchkey login'],
  [EXIT.unavailable, 'the authorization server or the API cannot be reached in time, or cannot decide'],
  [EXIT.accessDenied, 'the person refused the request'],
  [EXIT.codeExpired, 'nobody finished the sign-in in time'],
  [EXIT.output, 'the output cannot be written: the reader is gone, the device is full'],
  [EXIT.bug, 'a bug of latchkey'],
  [EXIT.hungUp, 'the terminal was closed: 128 + SIGHUP'],
  [EXIT.interrupted, 'interrupted, by Ctrl-C: 128 + SIGINT'],
  [EXIT.terminated, 'told to end: 128 + SIGTERM'],
]
