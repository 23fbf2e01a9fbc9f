/** Our own addresses that an app may have elsewhere. */
export interface LoginPaths {
  readonly callback: string
  readonly logout: string
  /** Where a login ends that nobody sent elsewhere. */
  readonly afterLogin: string
  /** Where a sign-out ends; needs no login. */
  readonly afterLogout: string
}
