enum Version {
  /// That of `yolox`, which comes from the same release.
  static let current = "0.1.0"
}
