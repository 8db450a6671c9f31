import CLI
import Foundation
import Logging
import Synchronization
import Testing

/// Keeps the lines of a log.
private final class Lines: Sendable {
  private let recorded = Mutex<[String]>([])
  var all: [String] { recorded.withLock(\.self) }
  @Sendable func append(_ line: String) { recorded.withLock { $0.append(line) } }
}

private let forgery = "/\n2026-01-01T00:00:00Z critical yolox: forged\u{1B}[31m\u{9B}2J\u{2028}\u{202E}"

@Suite("Log lines")
struct LogLineTests {
  private func line(
    _ format: LogFormat, _ message: Logger.Message, _ metadata: Logger.Metadata
  ) throws -> String {
    let lines = Lines()
    let logger = Logger(label: "test") { LineLogHandler(label: $0, format: format, write: lines.append) }
    logger.info(message, metadata: metadata)
    #expect(lines.all.count == 1)
    return try #require(lines.all.first)
  }

  @Test("contain nothing that a terminal or an editor obeys", arguments: LogFormat.allCases)
  func escapes(format: LogFormat) throws {
    let line = try line(format, "\(forgery)", ["target": "\(forgery)"])
    #expect(line.contains("forged"))
    for scalar in line.unicodeScalars {
      #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
      #expect(!(0x2028...0x202E).contains(scalar.value))
    }
  }

  @Test("cut long values", arguments: LogFormat.allCases)
  func cuts(format: LogFormat) throws {
    let long = String(repeating: "x", count: 1 << 20)
    #expect(try line(format, "\(long)", ["target": "\(long)"]).utf8.count < 2000)
  }

  @Test("are text with a value for each key, quoted where it is not one word")
  func text() throws {
    let line = try line(
      .text, "request",
      ["status": .stringConvertible(200), "target": "/a b", "quoted": "say \"x\"\\", "empty": ""])
    let expected = #"info test: request empty="" quoted="say \"x\"\\" status=200 target="/a b""#
    #expect(line.hasSuffix(" " + expected))
    #expect(try line.prefix(24).wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
  }

  @Test("have no time in the journal, which stamps them, and JSON always has it")
  func journal() throws {
    var status = stat()
    #expect(fstat(STDERR_FILENO, &status) == 0)
    let stream = "\(status.st_dev):\(status.st_ino)"
    #expect(Journal.receives(STDERR_FILENO, environment: ["JOURNAL_STREAM": stream]))
    #expect(!Journal.receives(STDERR_FILENO, environment: ["JOURNAL_STREAM": "1:1"]))
    #expect(!Journal.receives(STDERR_FILENO, environment: [:]))
    #expect(LogFormat.text.line(.info, "yolox", "ready", [:], hasTime: false) == "info yolox: ready")
    #expect(LogFormat.json.line(.info, "yolox", "ready", [:], hasTime: false).contains("\"time"))
  }

  @Test("are JSON objects in which numbers are numbers")
  func json() throws {
    let line = try line(
      .json, "request",
      [
        "status": .stringConvertible(200), "duration_ms": .stringConvertible(1.5),
        "is": .stringConvertible(true),
        "target": "/a", "infinite": .stringConvertible(Double.infinity), "level": "forged",
      ])
    let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["status"] as? Int == 200 && line.contains(#""status":200"#))
    #expect(object["duration_ms"] as? Double == 1.5 && line.contains(#""is":true"#))
    #expect(object["target"] as? String == "/a" && object["infinite"] as? String == "inf")
    #expect(object["level"] as? String == "info" && object["metadata_level"] as? String == "forged")
  }

  @Test("about dropped lines are valid in both formats")
  func droppedLines() throws {
    let line = LogOptions.droppedLine(.json, count: 3)
    let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["count"] as? Int == 3 && object["level"] as? String == "warning")
    #expect(LogOptions.droppedLine(.text, count: 3).hasSuffix("warning yolox: log lines dropped count=3"))
  }
}

@Suite("The log writer", .timeLimit(.minutes(5)))
struct LogWriterTests {
  private struct Pipe {
    let reading: Int32
    let writing: Int32

    init() {
      var ends: [Int32] = [0, 0]
      #expect(pipe(&ends) == 0)
      (reading, writing) = (ends[0], ends[1])
    }

    func read() -> String {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = Foundation.read(reading, &buffer, buffer.count)
      return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
  }

  @Test("writes lines in order")
  func order() {
    let pipe = Pipe()
    let writer = LogWriter(descriptor: pipe.writing)
    for number in 0..<100 { writer.write("line \(number)") }
    writer.flush(timeout: .seconds(60))
    #expect(pipe.read() == (0..<100).map { "line \($0)\n" }.joined())
    #expect(writer.droppedCount == 0)
  }

  @Test("does not wait for a reader, counts the lines that do not fit, and reports them once it is read")
  func nobodyReads() {
    let pipe = Pipe()
    let writer = LogWriter(descriptor: pipe.writing, capacity: 10_000)
    writer.reportDrops { "dropped \($0)" }
    let line = String(repeating: "x", count: 99)
    // A pipe holds 64 KiB; the writer's thread waits with what exceeds them.
    for _ in 0..<10_000 { writer.write(line) }
    let dropped = writer.droppedCount
    #expect(dropped > 5000)
    writer.flush(timeout: .zero)
    var text = ""
    func reported() -> Int { text.matches(of: /dropped (\d+)\n/).compactMap { Int($0.1) }.reduce(0, +) }
    while reported() < dropped { text += pipe.read() }
    #expect(reported() == dropped)
    #expect(text.components(separatedBy: line + "\n").count - 1 == 10_000 - dropped)
    writer.write("again")
    #expect(pipe.read() == "again\n")
  }

  @Test("counts the lines that cannot be written because the reader is gone")
  func readerIsGone() {
    signal(SIGPIPE, SIG_IGN)
    let pipe = Pipe()
    let writer = LogWriter(descriptor: pipe.writing)
    close(pipe.reading)
    writer.write("lost")
    writer.flush(timeout: .seconds(60))
    #expect(writer.droppedCount == 1)
    writer.write("lost too")
    writer.flush(timeout: .seconds(60))
    #expect(writer.droppedCount == 2)
  }
}
