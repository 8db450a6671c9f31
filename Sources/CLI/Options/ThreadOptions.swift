import ArgumentParser
import Engine

struct ThreadOptions: ParsableArguments {
  @Option(help: "Number of threads. Default: all available processors.")
  var threads: Int?

  func validate() throws { try requirePositive([("--threads", threads ?? 1)]) }

  var count: Int { threads ?? availableProcessors() }
}
