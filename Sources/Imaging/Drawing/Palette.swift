/// An sRGB colour.
package struct Color: Equatable, Sendable {
  package let red: UInt8
  package let green: UInt8
  package let blue: UInt8

  package static let black = Color(0x000000)
  package static let white = Color(0xFFFFFF)

  package init(red: UInt8, green: UInt8, blue: UInt8) {
    (self.red, self.green, self.blue) = (red, green, blue)
  }

  /// - Parameter hex: 0xRRGGBB.
  package init(_ hex: UInt32) {
    red = UInt8(truncatingIfNeeded: hex >> 16)
    green = UInt8(truncatingIfNeeded: hex >> 8)
    blue = UInt8(truncatingIfNeeded: hex)
  }

  /// Relative luminance, 0...1 (WCAG 2.2).
  package var luminance: Float {
    func linear(_ level: UInt8) -> Float {
      let x = Float(level) / 255
      guard x > 0.04045 else { return x / 12.92 }
      // ((x + 0.055) / 1.055) to the power of 2.4: the square times its fifth root, by Newton's method.
      let square = ((x + 0.055) / 1.055) * ((x + 0.055) / 1.055)
      var root: Float = 1
      for _ in 0..<20 { root -= (root - square / (root * root * root * root)) / 5 }
      return square * root
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }

  /// Of two colours, 1...21; 4.5 is the least for text (WCAG 2.2, 1.4.3).
  package func contrast(to other: Color) -> Float {
    let (lighter, darker) = (max(luminance, other.luminance), min(luminance, other.luminance))
    return (lighter + 0.05) / (darker + 0.05)
  }

  /// The colour of text on this one.
  package var ink: Color { contrast(to: .white) >= 4.5 ? .white : .black }
}

/// Colours of classes: one for each of COCO's 80, then from the start again.
package enum Palette {
  /// 0xRRGGBB. Each is the farthest, in OKLab, from all before it that is vivid and has a contrast of 5.6 or more to black
  /// or to white. The page has the same list (Page/page-drawing.js).
  package static let hex: [UInt32] = [
    0xfc444a, 0x1983fb, 0x78d878, 0xfebf12, 0xa361fb, 0xfc8731, 0x17d0d8, 0xfd3ab3,
    0xfcb5f9, 0x309909, 0xb813a0, 0xac7d1b, 0x95a3fc, 0x009eaf, 0x5e42fe, 0xcb1043,
    0x5dff2b, 0xfc85ad, 0xe573ff, 0x92ac18, 0x38f7db, 0x9a0ee3, 0xe128f2, 0xd2e609,
    0xc263b7, 0x0db98e, 0x10c72e, 0xffae85, 0x02a9f7, 0xd3ad1b, 0xde6e29, 0x92f392,
    0x1d966d, 0x72e3ff, 0x8184f1, 0xe6688d, 0x4ee11b, 0xc8aefa, 0xfc91ee, 0xba80ea,
    0x69c1fc, 0xb9cb11, 0xcf901c, 0x839007, 0xe17aca, 0x4aaa4d, 0xfed081, 0x21b8d0,
    0x0a8fd1, 0xfd736f, 0xc60373, 0xfe4aed, 0x30e3b9, 0x08f17e, 0xfda6c6, 0x10d095,
    0xfe3181, 0xcd93ff, 0x70c35d, 0xc761fc, 0xfb9892, 0xfd9f07, 0xdc5d63, 0xa76ed6,
    0xa2e326, 0xf0d947, 0xfd65b2, 0x4992f2, 0xff6a0d, 0x870dfe, 0xa5931b, 0x7ccb05,
    0xf307d3, 0x0ac5b4, 0x1bf5b1, 0x29a895, 0xfc78e1, 0xa913c5, 0x1de6e8, 0x15bd63,
  ]

  package static func color(_ index: Int) -> Color { Color(hex[Int(index.magnitude % UInt(hex.count))]) }
}
