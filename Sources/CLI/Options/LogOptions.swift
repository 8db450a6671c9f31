import ArgumentParser
import FoundationCompatibility
import Logging
import PlatformC

package struct LogOptions: ParsableArguments {
  @Option(name: .customLong("log-format"), help: "Format of log lines.")
  var format = LogFormat.text

  @Option(name: .customLong("log-level"), help: "Lowest level to log.")
  var level = Logger.Level.info

  package init() {}

  func bootstrap() {
    let writer = LogWriter.standardError
    let (format, level) = (format, level)
    let hasTime = !Journal.receives(STDERR_FILENO, environment: ProcessInfo.processInfo.environment)
    // Made without a logger, which would put the line behind those that are waiting.
    writer.reportDrops { LogOptions.droppedLine(format, count: $0, hasTime: hasTime) }
    LoggingSystem.bootstrap { label in
      var handler = LineLogHandler(label: label, format: format, hasTime: hasTime, write: writer.write)
      handler.logLevel = level
      return handler
    }
  }

  package static func droppedLine(_ format: LogFormat, count: Int, hasTime: Bool = true) -> String {
    format.line(
      .warning, "yolox", "log lines dropped", ["count": .stringConvertible(count)], hasTime: hasTime)
  }
}
