import ArgumentParser
import Logging

package struct LogOptions: ParsableArguments {
  package enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Option(name: .customLong("log-format"), help: "Format of log lines.")
  var format = Format.text

  @Option(name: .customLong("log-level"), help: "Lowest level to log.")
  var level = Logger.Level.info

  package init() {}

  func bootstrap() {
    let writer = LogWriter.standardError
    let (format, level) = (format, level)
    writer.reportDrops { LogOptions.droppedLine(format, count: $0) }
    LoggingSystem.bootstrap { label in
      var handler = LogOptions.handler(format, label: label, write: writer.write)
      handler.logLevel = level
      return handler
    }
  }

  /// Made without a logger, which would put the line behind those that are waiting.
  package static func droppedLine(_ format: Format, count: Int) -> String {
    let time = TextLogHandler.timestamp
    return switch format {
    case .text: "\(time) warning yolox: log lines dropped count=\(count)"
    case .json:
      #"{"time":"\#(time)","level":"warning","logger":"yolox","message":"log lines dropped","count":\#(count)}"#
    }
  }

  package static func handler(
    _ format: Format, label: String, write: @escaping @Sendable (String) -> Void
  ) -> any LogHandler {
    switch format {
    case .text: TextLogHandler(label: label, write: write)
    case .json: JSONLogHandler(label: label, write: write)
    }
  }
}
