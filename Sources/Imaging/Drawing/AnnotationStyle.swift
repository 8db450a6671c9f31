/// Measures of a drawing, from the image's size.
package struct AnnotationStyle {
  package static let haloOpacity: Float = 0.35

  package let lineWidth: Int
  package let haloWidth: Int
  package let radius: Float
  private let imageWidth: Int
  private let imageHeight: Int
  /// Of the em, in pixels.
  private let fontSize: Float
  /// Stretches letters a little upwards, so that those without ascenders end at a whole pixel.
  private let stretch: Float
  private let padding: Int
  private let font = LabelFont.shared

  package init(width: Int, height: Int, count: Int) {
    (imageWidth, imageHeight) = (width, height)
    // The geometric mean: a panorama's text is not as small as its height nor as large as its width would have it.
    let scale = (Float(width) * Float(height)).squareRoot()
    lineWidth = max(1, Int((scale * 0.0042).rounded()))
    haloWidth = max(1, Int((scale * 0.0007).rounded()))
    radius = Float(lineWidth) * 1.5
    let crowded: Float = count > 40 ? 0.8 : 1
    fontSize = min(max(11, scale * 0.026 * crowded), max(6, Float(height) / 4))
    let xHeight = font.xHeight * fontSize
    stretch = xHeight > 0 ? max(1, xHeight.rounded()) / xHeight : 1
    padding = max(2, Int((fontSize * 0.36).rounded()))
  }

  /// - Returns: the box in whole pixels, within the image; nil where none of it is.
  package func rectangle(_ box: BoxAnnotation.Corners) -> PixelRectangle? {
    guard [box.x1, box.y1, box.x2, box.y2].allSatisfy(\.isFinite) else { return nil }
    func pixel(_ value: Float, _ limit: Int) -> Int { Int(min(max(value, 0), Float(limit)).rounded()) }
    guard box.x1 < Float(imageWidth), box.y1 < Float(imageHeight), box.x2 > 0, box.y2 > 0 else { return nil }
    let (left, top) = (
      min(pixel(box.x1, imageWidth), imageWidth - 1), min(pixel(box.y1, imageHeight), imageHeight - 1)
    )
    return PixelRectangle(
      left: left, top: top, right: max(left + 1, pixel(box.x2, imageWidth)),
      bottom: max(top + 1, pixel(box.y2, imageHeight)))
  }

  package func place(
    _ label: String, at box: PixelRectangle, _ layout: inout LabelLayout
  ) -> (text: String, bounds: PixelRectangle, place: LabelLayout.Place)? {
    let text = fitted(label)
    guard !text.isEmpty else { return nil }
    let size = tagSize(text)
    return layout.place(width: size.width, height: size.height, at: box).map { (text, $0, $1) }
  }

  /// - Returns: the label, cut with an ellipsis where the image is too narrow for it, or nothing where that does not help.
  package func fitted(_ label: String) -> String {
    // Nothing that is longer can be read in an image.
    var text = label.prefix(120).map { $0.isNewline || $0 == "\t" ? " " : $0 }[...]
    guard tagSize(String(text)).width > imageWidth else { return String(text) }
    while !text.isEmpty {
      text.removeLast()
      if tagSize(String(text) + "…").width <= imageWidth { return String(text) + (text.isEmpty ? "" : "…") }
    }
    return ""
  }

  package func tagSize(_ text: String) -> (width: Int, height: Int) {
    let height =
      Int((font.capHeight * fontSize * stretch).rounded(.up)) + 2 * max(2, Int((fontSize * 0.3).rounded()))
    return (Int((font.width(text) * fontSize).rounded(.up)) + 2 * padding, height)
  }

  /// The text in a tag of that size.
  package func mask(_ text: String, width: Int, height: Int) -> CoverageMask {
    var mask = CoverageMask(width: width, height: height)
    let capHeight = font.capHeight * fontSize * stretch
    let baseline = ((Float(height) + capHeight) / 2).rounded()
    var x = Float(padding)
    for character in text {
      let glyph = font.glyph(character)
      for contour in glyph.contours {
        mask.add(contour) { point in
          (x + point.x * fontSize, baseline - point.y * fontSize * stretch)
        }
      }
      x += glyph.advance * fontSize
    }
    return mask
  }
}
