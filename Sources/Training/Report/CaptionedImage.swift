import COCO
import Imaging
import YOLOX

/// An image with boxes drawn in, and what they show.
package struct CaptionedImage {
  package let image: Image
  /// The name of the file.
  package let name: String
  package let caption: String

  package init(image: Image, name: String, caption: String) {
    (self.image, self.name, self.caption) = (image, name, caption)
  }
}

/// The colours of errors: one for each kind, whatever the class.
enum ErrorKind: CaseIterable {
  case missed, falsePositive, misclassified

  var color: Color {
    switch self {
    case .missed: Color(0xFEBF12)
    case .falsePositive: Color(0xFC444A)
    case .misclassified: Color(0xA361FB)
    }
  }

  /// As CSS has it.
  var hex: String {
    let channels = [color.red, color.green, color.blue].map { channel in
      let digits = String(channel, radix: 16)
      return digits.count < 2 ? "0" + digits : digits
    }
    return "#" + channels.joined()
  }
}

extension BoxAnnotation {
  init(_ box: Box, _ label: String, _ kind: ErrorKind) {
    self.init(box: (box.x1, box.y1, box.x2, box.y2), label: label, color: kind.color)
  }
}

extension DetectionDataset {
  /// Longer side of a drawn image in pixels.
  private static let drawnSide = 480

  func labelAndScore(of detection: Detection) -> String {
    "\(labels[detection.classID]) \(Int(detection.score * 100))%"
  }

  /// - Parameter boxes: in pixels of the image, the most important first.
  /// - Returns: `nil` if the image cannot be decoded.
  func drawn(_ index: Int, _ boxes: [BoxAnnotation], caption: String) -> CaptionedImage? {
    guard let full = try? image(index) else { return nil }
    let scale = min(1, Float(DetectionDataset.drawnSide) / Float(max(full.width, full.height)))
    var image = full.resized(
      width: max(1, Int(Float(full.width) * scale)), height: max(1, Int(Float(full.height) * scale)))
    image.draw(
      boxes.map { box in
        var scaled = box
        scaled.box = (box.box.x1 * scale, box.box.y1 * scale, box.box.x2 * scale, box.box.y2 * scale)
        return scaled
      })
    let name = entries[index].path.split(separator: "/").last.map(String.init) ?? ""
    return CaptionedImage(image: image, name: name, caption: caption)
  }

  /// The images with these `indices`, in their order, and annotations for them.
  func annotations(ofImages indices: [Int], _ objects: [Annotations.Object]) -> Annotations {
    let records = Dictionary(annotations.images.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    return Annotations(
      images: indices.compactMap { records[entries[$0].imageID] }, categories: annotations.categories,
      objects: objects)
  }
}
