import Testing
import Training

@Suite("Rasterizer")
struct RasterizerTests {
  /// Sum of the coverage of all pixels: the area in pixels.
  private func area(_ path: Path, width: Int = 100, height: Int = 80) -> Double {
    var sum = 0.0
    Rasterizer(path, width: width, height: height).forEachPixel { _, _, coverage in sum += Double(coverage) }
    return sum
  }

  private func polygonArea(_ points: [Point]) -> Double {
    var sum = 0.0
    for (a, b) in zip(points, points.dropFirst() + points.prefix(1)) {
      sum += Double(a.x) * Double(b.y) - Double(b.x) * Double(a.y)
    }
    return abs(sum) / 2
  }

  @Test("a rectangle between pixels covers its area, each pixel its share")
  func rectangle() {
    let path = Path.rectangle(10.25, 5.5, 3.5, 2.25)
    #expect(abs(area(path) - 3.5 * 2.25) < 1e-5)
    var pixels: [[Int]: Float] = [:]
    Rasterizer(path, width: 100, height: 80).forEachPixel { x, y, coverage in pixels[[x, y]] = coverage }
    for (pixel, expected) in [([10, 5], 0.75 * 0.5), ([11, 6], 1), ([13, 7], 0.75 * 0.75)] as [([Int], Float)]
    {
      #expect(abs((pixels[pixel] ?? 0) - expected) < 1e-6)
    }
    #expect(pixels.count == 4 * 3)
  }

  @Test("polygons cover what Gauss's formula says, whichever way round they run")
  func polygons() {
    var random = RandomSource(7)
    for _ in 0..<200 {
      let points = (0..<3).map { _ in Point(random.uniform(0, 100), random.uniform(0, 80)) }
      #expect(abs(area(Path(points)) - polygonArea(points)) < 0.02)
      #expect(abs(area(Path(points.reversed())) - polygonArea(points)) < 0.02)
    }
  }

  @Test("a circle covers pi times the square of its radius, less what its 48 corners cut off")
  func circle() {
    let share = 48 / (2 * Double.pi) * 0.13052619222005157  // sin(2 pi / 48)
    #expect(abs(area(.circle(50.3, 40.7, 30)) - .pi * 900 * share) < 0.05)
  }

  @Test("what lies outside the image changes nothing inside")
  func clipping() {
    #expect(abs(area(.rectangle(-20, -20, 40, 40)) - 400) < 1e-3)
    #expect(abs(area(.rectangle(90, 70, 40, 40)) - 100) < 1e-3)
    #expect(area(.rectangle(200, 10, 5, 5)) == 0)
    #expect(area(.rectangle(10, -9, 5, 5)) == 0)
    // The triangle's left half is outside.
    #expect(abs(area(.polygon((-20, 0), (20, 40), (-20, 80))) - 400) < 1e-2)
    #expect(abs(area(.polygon((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))) - 8000) < 1)
  }

  @Test("parts that overlap are covered once, and a hole is open")
  func overlaps() {
    var path = Path.rectangle(10, 10, 20, 20)
    path.add(.rectangle(20, 10, 20, 20))
    #expect(abs(area(path) - 600) < 1e-3)
    #expect(abs(area(.stroke([Point(20, 20), Point(60, 20)], width: 10)) - (400 + .pi * 25)) < 1)
  }

  @Test("outlines without extent cover nothing")
  func degenerate() {
    #expect(area(Path()) == 0)
    #expect(area(Path([Point(3, 3)])) == 0)
    #expect(area(Path([Point(3, 3), Point(50, 3)])) == 0)
    #expect(area(Path([Point(3, 3), Point(50, 60)])) < 1e-3)
  }
}
