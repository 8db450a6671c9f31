/// A box to be drawn, with its label.
package struct BoxAnnotation: Sendable {
  package typealias Corners = (x1: Float, y1: Float, x2: Float, y2: Float)

  /// In pixels of the image.
  package var box: Corners
  package var label: String
  package var color: Color

  package init(box: Corners, label: String, color: Color) {
    self.box = box
    self.label = label
    self.color = color
  }

  /// - Parameter colorIndex: of ``Palette``; a class has the same colour everywhere.
  package init(box: Corners, label: String, colorIndex: Int) {
    self.init(box: box, label: label, color: Palette.color(colorIndex))
  }
}

extension Image {
  /// Draws boxes and their labels. Line widths and text follow the image's size.
  ///
  /// Boxes are cut at the image's borders. Labels lie inside the image and do not cover each other: one that finds no free
  /// place at its box is left out, and one that is wider than the image is cut.
  ///
  /// - Parameter annotations: the most important first; it is drawn on top and its label is placed first.
  package mutating func draw(_ annotations: [BoxAnnotation]) {
    let style = AnnotationStyle(width: width, height: height, count: annotations.count)
    let visible = annotations.compactMap { annotation in
      style.rectangle(annotation.box).map { (rectangle: $0, annotation: annotation) }
    }
    var layout = LabelLayout(imageWidth: width, imageHeight: height, boxes: visible.map(\.rectangle))
    let drawn = visible.map { rectangle, annotation in
      DrawnAnnotation(
        annotation, rectangle, radius: style.radius, style.place(annotation.label, at: rectangle, &layout))
    }
    // All frames first, so that none crosses a label.
    for annotation in drawn.reversed() { drawFrame(of: annotation, style) }
    for annotation in drawn.reversed() { drawTag(of: annotation, style) }
  }

  private mutating func drawFrame(of annotation: DrawnAnnotation, _ style: AnnotationStyle) {
    let frame = annotation.frame
    let lineWidth = min(style.lineWidth, max(1, min(frame.bounds.width, frame.bounds.height) / 2))
    // A dark rim on either side keeps a line visible on what has its colour.
    let rim = frame.outset(by: style.haloWidth)
    stroke(rim, lineWidth: lineWidth + 2 * style.haloWidth, .black, opacity: AnnotationStyle.haloOpacity)
    stroke(frame, lineWidth: lineWidth, annotation.color)
  }

  private mutating func drawTag(of annotation: DrawnAnnotation, _ style: AnnotationStyle) {
    guard let (tag, text) = annotation.tag else { return }
    fill(tag, annotation.color)
    let mask = style.mask(text, width: tag.bounds.width, height: tag.bounds.height)
    fill(mask, left: tag.bounds.left, top: tag.bounds.top, annotation.color.ink)
  }
}

/// An annotation with its shapes in the image.
private struct DrawnAnnotation {
  package let color: Color
  package var frame: RoundedRectangle
  package var tag: (shape: RoundedRectangle, text: String)?

  /// - Parameter label: the text and its place, if there is one.
  package init(
    _ annotation: BoxAnnotation, _ box: PixelRectangle, radius: Float,
    _ label: (text: String, bounds: PixelRectangle, place: LabelLayout.Place)?
  ) {
    color = annotation.color
    frame = RoundedRectangle(box, radius: min(radius, Float(min(box.width, box.height)) / 2))
    guard let label else { return }
    var shape = RoundedRectangle(label.bounds, radius: radius)
    // Where the tag continues an edge of the frame, neither has a round corner.
    switch label.place {
    case .above where shape.bounds.left == box.left: (shape.radii.bottomLeft, frame.radii.topLeft) = (0, 0)
    case .above where shape.bounds.right == box.right:
      (shape.radii.bottomRight, frame.radii.topRight) = (0, 0)
    case .below where shape.bounds.left == box.left: (shape.radii.topLeft, frame.radii.bottomLeft) = (0, 0)
    case .below where shape.bounds.right == box.right:
      (shape.radii.topRight, frame.radii.bottomRight) = (0, 0)
    default: break
    }
    tag = (shape, label.text)
  }
}
