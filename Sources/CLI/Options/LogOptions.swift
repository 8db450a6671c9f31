import ArgumentParser
import Logging

struct LogOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Option(name: .customLong("log-format"), help: "Format of log lines.")
  var format = Format.text

  @Option(name: .customLong("log-level"), help: "Lowest level to log.")
  var level = Logger.Level.info

  func bootstrap() {
    LoggingSystem.bootstrap { [format, level] label in
      var handler: any LogHandler =
        switch format {
        case .text: StreamLogHandler.standardError(label: label)
        case .json: JSONLogHandler(label: label)
        }
      handler.logLevel = level
      return handler
    }
  }
}
