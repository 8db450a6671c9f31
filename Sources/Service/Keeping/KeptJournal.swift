import OrderedJSON
import YOLOX

/// The lines of a data set's journal, each a JSON object: the model first, then kept and removed images as they come. What
/// the COCO file says, with the sizes and times of the files besides.
package enum KeptJournal {
  package struct Header: Encodable, Equatable, Sendable {
    let model: String
    let labels: [String]

    package init(model: String, labels: [String]) { (self.model, self.labels) = (model, labels) }
  }

  /// What a journal tells.
  struct Content {
    var header: Header?
    /// By rising id.
    var images: [KeptImage] = []
    /// Names of images that are or were to be removed.
    var removed: Set<String> = []

    mutating func removeImages(where isRemoved: (KeptImage) -> Bool) {
      removed.formUnion(images.lazy.filter(isRemoved).map(\.name))
      images.removeAll(where: isRemoved)
    }
  }

  static func line(_ header: Header) -> [UInt8] {
    // Strings, which always encode.
    ((try? OrderedJSONEncoder().encode(header)) ?? []) + [newline]
  }

  /// The name of a file needs no escapes.
  static func line(_ image: KeptImage) -> [UInt8] {
    let boxes = image.detections.map { detection in
      let box = COCOText.box(detection.box)
      return "[\(detection.classID),\(detection.score),\(box)]"
    }.joined(separator: ",")
    return Array(
      (#"{"id":\#(image.id),"image":"\#(image.name)","width":\#(image.width),"height":\#(image.height),"#
        + #""bytes":\#(image.fileSize),"time":\#(image.time.milliseconds),"boxes":[\#(boxes)]}"# + "\n").utf8)
  }

  static func line(removed name: String) -> [UInt8] { Array("{\"removed\":\"\(name)\"}\n".utf8) }

  /// Reads a journal. The last line may have been cut off when the process was killed or the disk was full; lines that
  /// are not complete are left out.
  static func read(_ bytes: [UInt8]) -> Content {
    var content = Content()
    for line in bytes.split(separator: newline) {
      var entry = Entry()
      guard (try? entry.read(line)) != nil else { continue }
      if let name = entry.removed {
        if FileNames.isSafe(name) { content.removed.insert(name) }
      } else if let model = entry.model {
        content.header = content.header ?? Header(model: model, labels: entry.labels)
      } else if let image = entry.image, image.id > content.images.last?.id ?? 0 {
        content.images.append(image)
      }
    }
    let removed = content.removed
    content.images.removeAll { removed.contains($0.name) }
    return content
  }

  private static let newline = UInt8(ascii: "\n")

  /// The members of one line.
  private struct Entry {
    var model: String?
    var labels: [String] = []
    var removed: String?
    private var name: String?
    private var numbers: [String: Int] = [:]
    private var detections: [Detection]?

    mutating func read(_ line: ArraySlice<UInt8>) throws(Problem) {
      var reader = JSONReader(line)
      try reader.document { reader, member throws(Problem) in
        switch member {
        case "model": model = try reader.string()
        case "labels":
          try reader.array { reader, _ throws(Problem) in labels.append(try reader.string()) }
        case "removed": removed = try reader.string()
        case "image": name = try reader.string()
        case "boxes":
          var boxes: [Detection] = []
          try reader.array { reader, _ throws(Problem) in boxes.append(try Entry.detection(&reader)) }
          detections = boxes
        default: numbers[member] = Int(exactly: try reader.number())
        }
      }
    }

    private static func detection(_ reader: inout JSONReader) throws(Problem) -> Detection {
      var values: [Double] = []
      try reader.array { reader, _ throws(Problem) in values.append(try reader.number()) }
      guard values.count == 6, let classID = Int(exactly: values[0]) else {
        throw reader.unexpected("a class, a score and a box")
      }
      return Detection(
        classID: classID, score: Float(values[1]),
        box: Box(
          x1: Float(values[2]), y1: Float(values[3]), x2: Float(values[2] + values[4]),
          y2: Float(values[3] + values[5])))
    }

    /// `nil` if a member is missing.
    var image: KeptImage? {
      guard let id = numbers["id"], let name, let width = numbers["width"], let height = numbers["height"],
        let fileSize = numbers["bytes"], let time = numbers["time"], let detections,
        FileNames.isSafe(name)
      else { return nil }
      return KeptImage(
        id: id, name: name, width: width, height: height, fileSize: fileSize,
        time: Timestamp(milliseconds: time), detections: detections)
    }
  }
}
