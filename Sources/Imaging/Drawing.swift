extension Image {
  /// Draws a box and, on a filled tag at its top, a label. What lies outside the picture is left out.
  ///
  /// - Parameters:
  ///   - box: corners in pixels.
  ///   - colorIndex: the same index has the same colour everywhere; neighbouring ones are far apart.
  package mutating func draw(
    box: (x1: Float, y1: Float, x2: Float, y2: Float), label: String, colorIndex: Int
  ) {
    let thickness = max(1, min(width, height) / 250)
    let color = Color(index: colorIndex)
    let (left, top) = (Int(box.x1), Int(box.y1))
    let (right, bottom) = (max(left, Int(box.x2)), max(top, Int(box.y2)))
    fill(left, top, right, top + thickness, color)
    fill(left, bottom - thickness, right, bottom, color)
    fill(left, top, left + thickness, bottom, color)
    fill(right - thickness, top, right, bottom, color)

    let scale = max(1, min(width, height) / 300)
    let margin = 2 * scale
    let tagHeight = Glyph.height * scale + 2 * margin
    let tagWidth = label.count * (Glyph.width + 1) * scale + 2 * margin - scale
    // Above the box where there is room, else inside it.
    let tagTop = top >= tagHeight ? top - tagHeight : top
    fill(left, tagTop, left + tagWidth, tagTop + tagHeight, color)
    var x = left + margin
    for character in label {
      draw(Glyph(character), x, tagTop + margin, scale: scale, color: color.isLight ? .black : .white)
      x += (Glyph.width + 1) * scale
    }
  }

  private mutating func draw(_ glyph: Glyph, _ x: Int, _ y: Int, scale: Int, color: Color) {
    for row in 0..<Glyph.height {
      for column in 0..<Glyph.width where glyph.isSet(row: row, column: column) {
        let (left, top) = (x + column * scale, y + row * scale)
        fill(left, top, left + scale, top + scale, color)
      }
    }
  }

  private mutating func fill(_ left: Int, _ top: Int, _ right: Int, _ bottom: Int, _ color: Color) {
    let (firstX, endX) = (max(0, left), min(width, right))
    guard firstX < endX else { return }
    for y in max(0, top)..<max(0, top, min(height, bottom)) {
      for x in firstX..<endX { self[x, y] = (color.red, color.green, color.blue) }
    }
  }

}

private struct Color {
  let red: UInt8
  let green: UInt8
  let blue: UInt8

  static let black = Color(red: 0, green: 0, blue: 0)
  static let white = Color(red: 255, green: 255, blue: 255)

  var isLight: Bool { Int(red) * 299 + Int(green) * 587 + Int(blue) * 114 > 140_000 }

  init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Steps round the colour circle by the golden angle, which never comes near an earlier place soon.
  init(index: Int) {
    let hue = (Float(index) * 137.508).truncatingRemainder(dividingBy: 360) / 60
    func channel(_ shift: Float) -> UInt8 {
      let distance = abs((hue + shift).truncatingRemainder(dividingBy: 6) - 3) - 1
      return UInt8(40 + 200 * min(max(distance, 0), 1))
    }
    self.init(red: channel(0), green: channel(4), blue: channel(2))
  }
}
