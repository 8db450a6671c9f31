import HTTPServer
import HTTPTypes
import Logging
import Synchronization

/// Writes a log line for every request, also for those that the server rejected itself. Numbers are numbers for the log
/// handler.
struct AccessLog: Sendable {
  let logger: Logger
  /// Requests that reach no route cost a client next to nothing, so their lines are limited.
  private let rejections = LogRateLimit(linesPerSecond: 10)

  init(logger: Logger) { self.logger = logger }

  func log(_ record: AccessRecord) {
    var skippedLines = 0
    if record.fields.route == nil, record.status >= 400 {
      guard let skipped = rejections.admit(at: .now) else { return }
      skippedLines = skipped
    }
    logger.log(
      level: level(of: record), "request", metadata: metadata(of: record, skippedLines: skippedLines))
  }

  /// Successful probes come every few seconds and would fill the log.
  private func level(of record: AccessRecord) -> Logger.Level {
    record.head?.method == .get && record.status == 200 ? .debug : .info
  }

  private func metadata(of record: AccessRecord, skippedLines: Int) -> Logger.Metadata {
    let fields = record.fields
    var metadata: Logger.Metadata = [
      "peer": "\(record.peer)", "status": .stringConvertible(record.status),
      "bytes_in": .stringConvertible(record.bytesReceived), "bytes_out": .stringConvertible(record.bytesSent),
      "duration_ms": .stringConvertible(record.duration.roundedMilliseconds),
    ]
    if let head = record.head {
      metadata["method"] = "\(head.method)"
      metadata["target"] = "\(head.target.path)"
      if let traceparent = head.fields[.traceparent] { metadata["traceparent"] = "\(traceparent)" }
    }
    let texts = [
      ("id", fields.requestID), ("route", fields.route), ("model", fields.model), ("key", fields.keyName),
      ("reason", fields.reason),
    ]
    for case (let key, let text?) in texts { metadata[key] = "\(text)" }
    if let images = fields.images { metadata["images"] = .stringConvertible(images) }
    if skippedLines > 0 { metadata["skipped_lines"] = .stringConvertible(skippedLines) }
    return metadata
  }
}

extension HTTPField.Name {
  fileprivate static let traceparent = HTTPField.Name("traceparent")!  // a token, as the initialiser requires
}
