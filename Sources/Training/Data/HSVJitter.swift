import Imaging

extension Image {
  /// Shifts hue by up to 5 (of 180), saturation and value by up to 30 (of 255), each in half of the cases
  /// (data_augment.py, augment_hsv).
  package mutating func shiftColors(random: inout RandomSource) {
    let shift = [5, 30, 30].map { (reach: Float) -> Float in
      let amount = random.uniform(-reach, reach)
      return random.chance(0.5) ? amount.rounded(.towardZero) : 0
    }
    shiftColors(hue: shift[0], saturation: shift[1], value: shift[2])
  }

  /// - Parameters:
  ///   - hue: in OpenCV's units, 180 to the circle.
  ///   - saturation: of 255.
  ///   - value: of 255.
  package mutating func shiftColors(hue: Float, saturation: Float, value: Float) {
    guard hue != 0 || saturation != 0 || value != 0 else { return }
    for index in stride(from: 0, to: pixels.count, by: 3) {
      let (r, g, b) = (Float(pixels[index]), Float(pixels[index + 1]), Float(pixels[index + 2]))
      let high = max(r, g, b)
      let spread = high - min(r, g, b)
      // Hue in sixths of the circle.
      var h: Float = 0
      if spread > 0 {
        h = high == r ? (g - b) / spread : high == g ? 2 + (b - r) / spread : 4 + (r - g) / spread
      }
      h += hue / 30
      if h < 0 { h += 6 }
      if h >= 6 { h -= 6 }
      let s = min(max((high > 0 ? spread / high * 255 : 0) + saturation, 0), 255) / 255
      let v = min(max(high + value, 0), 255)
      func channel(_ shift: Float) -> UInt8 {
        var k = shift + h
        if k >= 6 { k -= 6 }
        return UInt8(v - v * s * max(0, min(k, 4 - k, 1)) + 0.5)
      }
      (pixels[index], pixels[index + 1], pixels[index + 2]) = (channel(5), channel(3), channel(1))
    }
  }
}
