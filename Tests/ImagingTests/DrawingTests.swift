import Imaging
import Testing

@Suite("Drawing")
struct DrawingTests {
  @Test("draws the frame in the class's colour and leaves the rest alone")
  func frame() {
    var image = Image(width: 200, height: 100, gray: 50)
    image.draw(box: (20, 40, 180, 90), label: "dog 85%", colorIndex: 16)
    let edge = image[20, 60]
    #expect(edge != (50, 50, 50))
    #expect(image[100, 89] == edge && image[179, 60] == edge)
    #expect(image[100, 65] == (50, 50, 50) && image[5, 5] == (50, 50, 50))
    // The label's tag lies above the box: filled with the colour, with letters in it.
    #expect(image[20, 30] == edge)
  }

  @Test("boxes beyond the picture, empty ones and unknown letters are no trouble")
  func outside() {
    var image = Image(width: 20, height: 10)
    image.draw(box: (-50, -50, 500, 500), label: "überall", colorIndex: 0)
    image.draw(box: (15, 5, 15, 5), label: "", colorIndex: 999)
    image.draw(box: (300, 300, 400, 400), label: "away", colorIndex: 3)
    #expect(image.pixels.count == 600)
  }
}
