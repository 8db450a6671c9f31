/// Outlines of Roboto Medium (Apache-2.0) for Latin, Greek and Cyrillic; make-font.py writes the file and describes it.
package struct LabelFont: Sendable {
  package static let shared = LabelFont(file)

  /// What make-font.py wrote.
  package static var file: [UInt8] { PackageResources.roboto_medium_labelfont }

  package struct Point: Sendable {
    package var x: Float
    package var y: Float
    /// Else it is the control point of a quadratic curve.
    package var isOnCurve: Bool

    package init(x: Float, y: Float, isOnCurve: Bool) {
      (self.x, self.y, self.isOnCurve) = (x, y, isOnCurve)
    }
  }

  package struct Glyph: Sendable {
    package var advance: Float
    package var contours: [[Point]]
  }

  /// In units of the em, like everything here.
  package let xHeight: Float
  package let capHeight: Float
  /// Of characters that the font lacks.
  private let missing: Glyph
  /// By character, so that a letter with a combining accent finds the one that is a single code point.
  private let glyphs: [Character: Glyph]

  package func glyph(_ character: Character) -> Glyph { glyphs[character] ?? missing }

  package func has(_ character: Character) -> Bool { glyphs[character] != nil }

  /// Width of a line of text, in em.
  package func width(_ text: some StringProtocol) -> Float { text.reduce(0) { $0 + glyph($1).advance } }

  /// - Parameter data: what make-font.py wrote; anything else gives a font of empty glyphs.
  package init(_ data: [UInt8]) {
    var reader = Reader(data: data)
    let em = Float(max(reader.uint16(), 1))
    xHeight = Float(reader.uint16()) / em
    capHeight = Float(reader.uint16()) / em
    let (glyphCount, characterCount) = (reader.uint16(), reader.uint16())
    let characters = (0..<characterCount).map { _ in (code: reader.uint16(), glyph: reader.uint16()) }
    let raw = (0..<glyphCount).map { _ in reader.glyph() }
    let all = raw.map { glyph in
      // Parts are never composite themselves.
      let parts = glyph.parts.map { part in
        raw[part.glyph].contours.map { contour in
          contour.map { Point(x: $0.x + part.x, y: $0.y + part.y, isOnCurve: $0.isOnCurve) }
        }
      }
      let contours = (glyph.contours + parts.joined()).map { contour in
        contour.map { Point(x: $0.x / em, y: $0.y / em, isOnCurve: $0.isOnCurve) }
      }
      return Glyph(advance: glyph.advance / em, contours: contours)
    }
    missing = all.first ?? Glyph(advance: 0, contours: [])
    var glyphs: [Character: Glyph] = [:]
    for (code, index) in characters {
      guard let scalar = Unicode.Scalar(UInt32(code)), all.indices.contains(index) else { continue }
      glyphs[Character(scalar)] = all[index]
    }
    self.glyphs = glyphs
  }
}

extension LabelFont {
  /// Reads zeros past the end.
  private struct Reader {
    let data: [UInt8]
    var position = 0

    mutating func byte() -> Int {
      guard position < data.count else { return 0 }
      defer { position += 1 }
      return Int(data[position])
    }

    mutating func uint16() -> Int {
      let low = byte()
      return low | byte() << 8
    }

    private mutating func int16() -> Int { Int(Int16(truncatingIfNeeded: uint16())) }

    private mutating func variable() -> Int {
      var (value, shift) = (0, 0)
      while shift < 56 {
        let next = byte()
        value |= (next & 0x7F) << shift
        guard next & 0x80 != 0 else { break }
        shift += 7
      }
      return value
    }

    private func signed(_ zigzag: Int) -> Int { zigzag & 1 == 0 ? zigzag >> 1 : -((zigzag + 1) >> 1) }

    mutating func glyph() -> (
      advance: Float, contours: [[Point]], parts: [(glyph: Int, x: Float, y: Float)]
    ) {
      let advance = Float(uint16())
      let count = byte()
      let composite = 255
      if count == composite {
        let parts = (0..<byte()).map { _ in (glyph: uint16(), x: Float(int16()), y: Float(int16())) }
        return (advance, [], parts)
      }
      var (x, y) = (0, 0)
      let contours = (0..<count).map { _ in
        (0..<variable()).map { _ in
          let step = variable()
          x += signed(step >> 1)
          y += signed(variable())
          return Point(x: Float(x), y: Float(y), isOnCurve: step & 1 == 1)
        }
      }
      return (advance, contours, [])
    }
  }
}
