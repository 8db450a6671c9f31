import PlatformC

/// systemd's journal.
package enum Journal {
  /// Whether a descriptor is the stream of the journal that `JOURNAL_STREAM` names (systemd.exec(5)). A child may inherit the
  /// variable and write elsewhere, so the numbers are compared.
  package static func receives(_ descriptor: Int32, environment: [String: String]) -> Bool {
    var status = stat()
    guard let stream = environment["JOURNAL_STREAM"], fstat(descriptor, &status) == 0 else { return false }
    return stream == "\(status.st_dev):\(status.st_ino)"
  }
}
