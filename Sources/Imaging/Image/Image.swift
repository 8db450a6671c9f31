/// An image: 8-bit RGB, rows from the top without gaps, sRGB or whatever the file meant.
package struct Image: Sendable, Equatable, CustomStringConvertible {
  package let width: Int
  package let height: Int
  /// `[height, width, 3]`
  package var pixels: [UInt8]

  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      pixels.count == width * height * 3, "an image of \(width)x\(height) has \(width * height * 3) bytes")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  package init(width: Int, height: Int, gray: UInt8 = 0) {
    self.init(width: width, height: height, pixels: [UInt8](repeating: gray, count: width * height * 3))
  }

  package var description: String { "image of \(width)x\(height) pixels" }

  package subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    get {
      let index = (y * width + x) * 3
      return (pixels[index], pixels[index + 1], pixels[index + 2])
    }
    set {
      let index = (y * width + x) * 3
      (pixels[index], pixels[index + 1], pixels[index + 2]) = newValue
    }
  }
}
