import ArgumentParser
import Service

struct ShutdownOptions: ParsableArguments {
  @Option(
    name: .customLong("shutdown-delay"),
    help: "After SIGTERM, keep serving for this many seconds while /readyz returns 503.")
  var delay = 0.0

  @Option(
    name: .customLong("shutdown-timeout"),
    help: "Maximum seconds for accepted requests to finish after the delay.")
  var timeout = 30

  func validate() throws {
    try requirePositive([("--shutdown-timeout", timeout)])
    try requireInRange("--shutdown-delay", delay, 0...3600)
  }

  func apply(to configuration: inout DetectionService.Configuration) {
    configuration.shutdownDelay = .seconds(delay)
    configuration.shutdownTimeout = .seconds(timeout)
  }
}
