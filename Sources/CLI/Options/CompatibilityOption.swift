import ArgumentParser
import Service

/// `--compatibility`: `all`, `none`, or names separated by commas.
struct CompatibilityOption: ExpressibleByArgument {
  let apis: Set<CompatibleAPI>

  init(_ apis: some Sequence<CompatibleAPI>) { self.apis = Set(apis) }

  init?(argument: String) {
    switch argument {
    case "all": self.init(CompatibleAPI.allCases)
    case "none": self.init([])
    default:
      let names = argument.split(separator: ",").map { $0.filter { $0 != " " } }
      let apis = names.compactMap(CompatibleAPI.init)
      guard apis.count == names.count, !apis.isEmpty else { return nil }
      self.init(apis)
    }
  }

  static var allValueStrings: [String] { ["all", "none"] + CompatibleAPI.allCases.map(\.rawValue) }

  var defaultValueDescription: String {
    apis.count == CompatibleAPI.allCases.count
      ? "all" : apis.map(\.rawValue).sorted().joined(separator: ",")
  }
}
