import YOLOX

/// Variables of the environment that look like options of `serve` and are none.
package struct UnknownVariables {
  /// One line for each, sorted.
  package let warnings: [String]

  /// Variables that are no options: of the command itself, and of this project's scripts and builds.
  package static let others: Set<String> = [
    "YOLOX_WEIGHTS_DIR", "YOLOX_ISA", "YOLOX_REPOSITORY", "YOLOX_MPI", "YOLOX_DOCS",
  ]

  package init(options: [OptionDescription], environment: [String: String]) {
    let known = Set(options.map(\.variable)).union(UnknownVariables.others)
    warnings = environment.filter { name, value in
      name.hasPrefix("YOLOX_") && !known.contains(name) && !UnknownVariables.isServiceLink(name, value)
    }.keys.sorted().map { name in
      let near = nearestName(to: name, among: known.sorted()).map { "did you mean \($0)?" }
      return "\(name) has no effect; \(near ?? "'yolox serve --help' lists the options")"
    }
  }

  /// Kubernetes sets `YOLOX_SERVICE_HOST`, `YOLOX_PORT_8080_TCP_ADDR` and others for a Service called "yolox", and the same
  /// with more words for one called "yolox-admin".
  private static func isServiceLink(_ name: String, _ value: String) -> Bool {
    name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.contains("_TCP")
      || name.contains("_UDP") || value.hasPrefix("tcp://") || value.hasPrefix("udp://")
  }
}
