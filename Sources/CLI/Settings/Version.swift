enum Version {
  /// The version of the command and the service; docs/release.md lists the other places to change.
  static let current = "0.1.0"
}
