import OrderedJSON
import YOLOX

/// A data set of kept images as a COCO "instances" file (cocodataset.org, data format), with the `score` beside each box.
/// Categories are the model's classes, numbered from 1, because some tools take 0 for the background.
enum COCOText {
  private struct Info: Encodable {
    let description: String
    let version: String
  }

  private struct Category: Encodable {
    let id: Int
    let name: String
    let supercategory: String
  }

  /// Written in pieces, because a large data set's text is as large as its images are many.
  static func write(
    _ images: [KeptImage], header: KeptJournal.Header, to file: OpenFile
  ) throws(FileFault) {
    var buffer = Buffer(file)
    let info = Info(
      description: "Kept by swift-yolox for relabelling; boxes are detections of '\(header.model)'",
      version: "1")
    buffer.append("{\"info\":")
    buffer.append(json(info))
    buffer.append(",\"licenses\":[],\n\"images\":[")
    for (index, image) in images.enumerated() {
      buffer.append(index == 0 ? "\n" : ",\n")
      buffer.append(
        #"{"id":\#(image.id),"file_name":"\#(image.name)","width":\#(image.width),"height":\#(image.height),"#
          + #""date_captured":"\#(image.time.captureText)"}"#)
      try buffer.flushIfFull()
    }
    buffer.append("],\n\"annotations\":[")
    var id = 0
    for image in images {
      for detection in image.detections {
        id += 1
        let box = detection.box
        let area = rounded(Double(box.x2 - box.x1) * Double(box.y2 - box.y1))
        buffer.append(id == 1 ? "\n" : ",\n")
        buffer.append(
          #"{"id":\#(id),"image_id":\#(image.id),"category_id":\#(detection.classID + 1),"#
            + #""bbox":[\#(COCOText.box(box))],"area":\#(area),"iscrowd":0,"score":\#(detection.score)}"#)
        try buffer.flushIfFull()
      }
    }
    buffer.append("],\n\"categories\":")
    buffer.append(
      json(header.labels.enumerated().map { Category(id: $0 + 1, name: $1, supercategory: "") }))
    buffer.append("}\n")
    try buffer.flush()
  }

  /// x, y, width and height in hundredths of a pixel, as JSON without brackets.
  static func box(_ box: Box) -> String {
    let (x, y) = (rounded(Double(box.x1)), rounded(Double(box.y1)))
    return "\(x),\(y),\(rounded(Double(box.x2) - x)),\(rounded(Double(box.y2) - y))"
  }

  private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

  private static func json(_ value: some Encodable) -> String {
    // Strings and integers, which always encode.
    String(decoding: (try? OrderedJSONEncoder().encode(value)) ?? [], as: UTF8.self)
  }

  private struct Buffer {
    private let file: OpenFile
    private var bytes: [UInt8] = []

    init(_ file: OpenFile) { self.file = file }

    mutating func append(_ text: String) { bytes += text.utf8 }

    mutating func flushIfFull() throws(FileFault) { if bytes.count > 1 << 18 { try flush() } }

    mutating func flush() throws(FileFault) {
      try file.append(bytes)
      bytes.removeAll(keepingCapacity: true)
    }
  }
}
