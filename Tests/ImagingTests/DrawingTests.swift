import Imaging
import Testing

@Suite("Drawing")
struct DrawingTests {
  private func box(_ box: BoxAnnotation.Corners, _ label: String, _ colorIndex: Int = 0) -> BoxAnnotation {
    BoxAnnotation(box: box, label: label, colorIndex: colorIndex)
  }

  private func isColor(_ pixel: (red: UInt8, green: UInt8, blue: UInt8), _ index: Int) -> Bool {
    Color(Palette.hex[index]) == Color(red: pixel.red, green: pixel.green, blue: pixel.blue)
  }

  @Test("draws the frame and the tag above it in the class's colour and leaves the rest alone")
  func frame() {
    var image = Image(width: 400, height: 300, gray: 50)
    image.draw([box((60, 100, 340, 270), "dog 85%", 16)])
    for (x, y) in [(60, 180), (339, 180), (200, 100), (200, 269), (63, 95)] {
      #expect(isColor(image[x, y], 16), "\(x), \(y)")
    }
    for (x, y) in [(200, 180), (10, 10), (200, 95), (62, 275), (65, 180)] {
      #expect(image[x, y] == (50, 50, 50), "\(x), \(y)")
    }
  }

  @Test("lines and text grow with the image", arguments: [1, 2, 4, 10])
  func scale(factor: Int) {
    let style = AnnotationStyle(width: 640 * factor, height: 480 * factor, count: 1)
    #expect(abs(style.lineWidth - Int((2.33 * Float(factor)).rounded())) <= 1)
    let height = style.tagSize("dog 85%").height
    #expect(Float(height) > 17 * Float(factor) && Float(height) < 23 * Float(factor))
  }

  @Test("text on every class's colour has the contrast that WCAG asks of text")
  func contrast() {
    #expect(Palette.hex.count == 80 && Set(Palette.hex).count == 80)
    for hex in Palette.hex {
      let color = Color(hex)
      #expect(color.contrast(to: color.ink) >= 5.5, "\(String(hex, radix: 16))")
    }
    // Of WCAG's definition, computed elsewhere: white on black, and #767676 on white, the least gray that passes.
    #expect(abs(Color.white.contrast(to: .black) - 21) < 1e-3)
    #expect(abs(Color(0x767676).contrast(to: .white) - 4.54) < 0.01)
    #expect(Palette.color(80) == Palette.color(0) && Palette.color(-1) == Palette.color(1))
  }

  @Test("hostile boxes and labels are no trouble: outside, empty, endless, not a number, very many")
  func outside() {
    var image = Image(width: 20, height: 10)
    let untouched = image
    image.draw([
      box((300, 300, 400, 400), "away"), box((.nan, 0, 10, 10), "nan"), box((0, 0, .infinity, 5), "endless"),
      box((-40, -40, -30, -30), "before"),
    ])
    #expect(image == untouched)
    image.draw([box((-50, -50, 1e30, 1e30), "überall"), box((15, 5, 15, 5), "", 999)])
    #expect(image != untouched && image.pixels.count == 600)
    for (width, height) in [(1, 1), (1, 300), (300, 1), (7, 7), (16, 2000)] {
      var small = Image(width: width, height: height)
      small.draw([
        box((0, 0, Float(width), Float(height)), String(repeating: "giraffe \u{1F992}\n", count: 1000))
      ])
      #expect(small.pixels.count == width * height * 3)
    }
    var crowded = Image(width: 640, height: 480)
    let start = ContinuousClock.now
    crowded.draw(
      (0..<1000).map { box((Float($0 % 40) * 15, Float($0 / 40) * 18, 639, 479), "person \($0)%", $0) })
    #expect(start.duration(to: .now) < .seconds(60), "where it took minutes")
  }

  @Test("labels lie inside the image and apart from each other, the first of them at their boxes' tops")
  func layout() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      let boxes = (0..<60).map { _ in
        let (left, top) = (
          Int.random(in: 0..<600, using: &generator), Int.random(in: 0..<440, using: &generator)
        )
        return PixelRectangle(
          left: left, top: top, right: Int.random(in: left + 1...640, using: &generator),
          bottom: Int.random(in: top + 1...480, using: &generator))
      }
      var layout = LabelLayout(imageWidth: 640, imageHeight: 480, boxes: boxes)
      var placed: [PixelRectangle] = []
      for box in boxes {
        guard let (tag, _) = layout.place(width: Int.random(in: 30...120), height: 19, at: box) else {
          continue
        }
        #expect(tag.left >= 0 && tag.top >= 0 && tag.right <= 640 && tag.bottom <= 480)
        for other in placed { #expect(other.intersection(tag).isEmpty, "\(other) and \(tag)") }
        placed.append(tag)
      }
      #expect(placed.count > 40)
    }
    let single = PixelRectangle(left: 100, top: 100, right: 200, bottom: 200)
    var layout = LabelLayout(imageWidth: 640, imageHeight: 480, boxes: [single])
    let atTop = layout.place(width: 50, height: 20, at: single)
    let (first, place) = try #require(atTop)
    #expect(first == PixelRectangle(left: 100, top: 80, right: 150, bottom: 100) && place == .above)
    let high = PixelRectangle(left: 600, top: 5, right: 640, bottom: 480)
    let atBorder = layout.place(width: 80, height: 20, at: high)
    let (second, inside) = try #require(atBorder)
    #expect(second == PixelRectangle(left: 560, top: 5, right: 640, bottom: 25) && inside == .inside)
    let tooWide = layout.place(width: 700, height: 20, at: single)
    #expect(tooWide == nil)
  }

  @Test("a label wider than the image is cut with an ellipsis")
  func cutLabel() {
    let style = AnnotationStyle(width: 120, height: 400, count: 1)
    let text = style.fitted("a very long name of a class 85%")
    #expect(text.hasSuffix("…") && text.hasPrefix("a ver"))
    #expect(style.tagSize(text).width <= 120)
    #expect(style.fitted("cat") == "cat")
    #expect(AnnotationStyle(width: 5, height: 400, count: 1).fitted("giraffe") == "")
  }
}

@Suite("Label font")
struct LabelFontTests {
  @Test("has Latin, Greek and Cyrillic in upper and lower case, and what labels need beside letters")
  func characters() {
    let font = LabelFont.shared
    for text in [
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
      "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ¿¡£¥§©®°±²³µ¶·¹º»¼½¾×÷",
      "ĄąĆćĘęŁłŃńŚśŹźŻżČčĎďĚěŇňŘřŠšŤťŮůŽžĞğİıŞşŐőŰű",
      "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψωάέήίόύώς",
      "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюяЁёЄєІіЇїҐґЎў", "–—‘’“”„…€",
    ] {
      for character in text { #expect(font.has(character), "\(character)") }
    }
    // A letter and a combining accent are the same character.
    #expect(font.has("e\u{301}") && font.glyph("e\u{301}").contours.count == font.glyph("é").contours.count)
    #expect(!font.has("犬") && !font.glyph("犬").contours.isEmpty)
  }

  @Test("letters differ from each other, accented ones from plain ones, lower case from upper case")
  func distinct() {
    let style = AnnotationStyle(width: 640, height: 480, count: 1)
    func drawn(_ character: Character) -> [Float] {
      let mask = style.mask(String(character), width: 30, height: 30)
      return (0..<30).flatMap { mask.row($0) }
    }
    let letters = Array("ABCDEFGHabcdefgh0123456789ÄÅÀÁÂÃäåàáâãБДЖбгджΓΔΘΛγδθλ")
    let masks = letters.map(drawn)
    for first in letters.indices {
      #expect(masks[first].reduce(0, +) > 8, "\(letters[first]) has ink")
      for second in letters.indices where second > first {
        #expect(masks[first] != masks[second], "\(letters[first]) and \(letters[second])")
      }
    }
  }

  @Test("a damaged font file gives blanks, not a crash")
  func damaged() {
    let data = LabelFont.file
    for length in [0, 1, 9, 10, 200, 5000, data.count - 1] {
      #expect(LabelFont(Array(data.prefix(length))).width("dog") >= 0)
    }
  }
}

@Suite("Coverage of outlines")
struct CoverageMaskTests {
  private func point(_ x: Float, _ y: Float, _ isOnCurve: Bool = true) -> LabelFont.Point {
    LabelFont.Point(x: x, y: y, isOnCurve: isOnCurve)
  }

  private func mask(_ contours: [[LabelFont.Point]], width: Int = 12, height: Int = 12) -> [Float] {
    var mask = CoverageMask(width: width, height: height)
    for contour in contours { mask.add(contour) { ($0.x, $0.y) } }
    return (0..<height).flatMap { mask.row($0) }
  }

  @Test("a rectangle covers each pixel by the part of it that lies inside")
  func rectangle() {
    let pixels = mask([[point(2.25, 3.5), point(6.5, 3.5), point(6.5, 8.25), point(2.25, 8.25)]])
    func part(_ from: Float, _ to: Float, _ pixel: Int) -> Float {
      max(0, min(to, Float(pixel + 1)) - max(from, Float(pixel)))
    }
    for y in 0..<12 {
      for x in 0..<12 {
        let expected = part(2.25, 6.5, x) * part(3.5, 8.25, y)
        #expect(abs(pixels[y * 12 + x] - expected) < 1e-5, "\(x), \(y)")
      }
    }
  }

  @Test("areas of polygons are exact, whichever way round, and holes stay open")
  func areas() {
    let triangle = [point(1.3, 1.1), point(10.7, 4.2), point(3.9, 10.8)]
    let area: Float = 0.5 * abs((10.7 - 1.3) * (10.8 - 1.1) - (3.9 - 1.3) * (4.2 - 1.1))
    #expect(abs(mask([triangle]).reduce(0, +) - area) < 1e-3)
    #expect(abs(mask([triangle.reversed()]).reduce(0, +) - area) < 1e-3)
    let square = [point(1, 1), point(11, 1), point(11, 11), point(1, 11)]
    let hole = [point(4, 4), point(4, 8), point(8, 8), point(8, 4)]
    #expect(abs(mask([square, hole]).reduce(0, +) - 84) < 1e-3)
    #expect(mask([square, hole])[6 * 12 + 6] == 0)
  }

  @Test("curves have the area of the parabola: 2/3 of the triangle that their control points make")
  func curve() {
    let contour = [point(1, 10), point(6, 0, false), point(11, 10)]
    let parabola = mask([contour]).reduce(0, +)
    #expect(abs(parabola - 33.33) < 0.3)
    // Control points alone: the points between them are on the curve.
    let round = [point(1, 1, false), point(11, 1, false), point(11, 11, false), point(1, 11, false)]
    let area = mask([round]).reduce(0, +)
    #expect(abs(area - 83.33) < 0.5)
  }

  @Test("outlines that leave the mask are cut")
  func clipped() {
    let square = [point(-5, -5), point(30, -5), point(30, 30), point(-5, 30)]
    #expect(mask([square]).allSatisfy { abs($0 - 1) < 1e-5 })
  }
}

extension Color {
  fileprivate init(red: UInt8, green: UInt8, blue: UInt8) {
    self.init(UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue))
  }
}
