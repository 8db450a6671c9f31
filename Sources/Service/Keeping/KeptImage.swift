import Engine
import PlatformC
import YOLOX

/// An image that is kept, and what was detected in it.
struct KeptImage: Equatable, Sendable {
  /// Unique in its data set.
  let id: Int
  /// Of the file.
  let name: String
  /// Of the upright image, in pixels.
  let width: Int
  let height: Int
  let fileSize: Int
  let time: Timestamp
  let detections: [Detection]

  /// The disk that the image takes, with its lines in the journal and the COCO file.
  var bytes: Int { KeptImage.bytes(fileSize: fileSize, boxes: detections.count) }

  /// The lines of a box are shorter together than 256 bytes, and the others of an image than 512.
  static func bytes(fileSize: Int, boxes: Int) -> Int { fileSize + 512 + 256 * boxes }
}

/// Milliseconds since 1970.
package struct Timestamp: Comparable, Sendable {
  package let milliseconds: Int

  package init(milliseconds: Int) { self.milliseconds = milliseconds }

  package static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000)
  }

  package static func < (first: Timestamp, second: Timestamp) -> Bool {
    first.milliseconds < second.milliseconds
  }

  func advanced(by duration: Duration) -> Timestamp {
    Timestamp(milliseconds: milliseconds + Int(duration.seconds * 1000))
  }

  /// `20261125T142620.123Z` (ISO 8601, basic format, UTC): sorts by time, and is a file name on every system.
  var fileNameText: String {
    let parts = parts
    let date =
      Timestamp.padded(parts.year, 4) + Timestamp.padded(parts.month, 2) + Timestamp.padded(parts.day, 2)
    let time = [parts.hour, parts.minute, parts.second].map { Timestamp.padded($0, 2) }.joined()
    return "\(date)T\(time).\(Timestamp.padded(milliseconds % 1000, 3))Z"
  }

  /// `2026-11-25 14:26:20`, COCO's `date_captured`, in UTC.
  var captureText: String {
    let parts = parts
    let date = [
      Timestamp.padded(parts.year, 4), Timestamp.padded(parts.month, 2), Timestamp.padded(parts.day, 2),
    ]
    let time = [parts.hour, parts.minute, parts.second].map { Timestamp.padded($0, 2) }
    return date.joined(separator: "-") + " " + time.joined(separator: ":")
  }

  private var parts: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    var (seconds, parts) = (time_t(milliseconds / 1000), tm())
    gmtime_r(&seconds, &parts)
    return (
      Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday), Int(parts.tm_hour),
      Int(parts.tm_min), Int(parts.tm_sec)
    )
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
