import TestSupport
import Testing
import YOLOX

@Suite("Filters of detections")
struct DetectionFilterTests {
  private let triangle = "0.5,0,1,1,0,1"

  @Test("a zone contains the points that its sides enclose")
  func contains() throws {
    let zone = try Zone(triangle)
    for (x, y, isInside) in [
      (0.5, 0.5, true), (0.1, 0.1, false), (0.9, 0.95, true), (0.74, 0.5, true), (0.76, 0.5, false),
    ] {
      #expect(zone.contains(.init(x: x, y: y)) == isInside, "\(x), \(y)")
    }
    // A concave zone: a U.
    let cup = try Zone("0,0,0.2,0,0.2,0.8,0.8,0.8,0.8,0,1,0,1,1,0,1")
    #expect(cup.contains(.init(x: 0.1, y: 0.1)) && cup.contains(.init(x: 0.5, y: 0.9)))
    #expect(!cup.contains(.init(x: 0.5, y: 0.5)))
  }

  @Test("the share of a box in a zone is its part of the area, whatever the zone's shape and direction")
  func share() throws {
    let whole = NormalizedBox(left: 0, top: 0, right: 1, bottom: 1)
    #expect(abs(try Zone(triangle).share(of: whole) - 0.5) < 1e-12)
    let cup = try Zone("0,0,0.2,0,0.2,0.8,0.8,0.8,0.8,0,1,0,1,1,0,1")
    #expect(abs(cup.share(of: whole) - 0.52) < 1e-12)
    #expect(abs(cup.share(of: .init(left: 0.1, top: 0.4, right: 0.9, bottom: 0.9)) - 0.4) < 1e-12)
    #expect(cup.share(of: .init(left: 0.3, top: 0.1, right: 0.7, bottom: 0.7)) == 0)
    let reversed = try Zone(cup.points.reversed())
    #expect(abs(reversed.share(of: whole) - 0.52) < 1e-12)
    #expect(cup.share(of: .init(left: 0.1, top: 0.1, right: 0.1, bottom: 0.1)) == 1)
  }

  @Test("the share agrees with counted points, for random zones and boxes")
  func counted() throws {
    var generator = SplitMix64(seed: 3)
    func number() -> Double { Double(generator.float(in: 0...1)) }
    for _ in 0..<20 {
      guard let zone = try? Zone((0..<5).map { _ in Zone.Point(x: number(), y: number()) }) else { continue }
      let (x, y) = (number() * 0.5, number() * 0.5)
      let box = NormalizedBox(
        left: x, top: y, right: x + 0.1 + number() * 0.4, bottom: y + 0.1 + number() * 0.4)
      let side = 200
      var inside = 0
      for row in 0..<side {
        for column in 0..<side {
          let point = Zone.Point(
            x: box.left + (box.right - box.left) * (Double(column) + 0.5) / Double(side),
            y: box.top + (box.bottom - box.top) * (Double(row) + 0.5) / Double(side))
          if zone.contains(point) { inside += 1 }
        }
      }
      #expect(abs(zone.share(of: box) - Double(inside) / Double(side * side)) < 0.01)
    }
  }

  @Test(
    "points that make no zone are errors",
    arguments: [
      ("", ZoneError.notNumbers), ("0,0,1", .notNumbers), ("0,0,a,1,1,1", .notNumbers),
      ("0,0,1,1", .tooFewPoints),
      ("0,0,1,1,0,0", .tooFewPoints), ("nan,0,1,1,0,1", .outside), ("0,0,inf,1,0,1", .outside),
      ("-0.1,0,1,1,0,1", .outside), ("0,0,1,1,1,0,0,1", .crossing),
      ("0,0,1,0,0.5,0.5,1,1,0,1,0.5,0.5", .crossing),
      ("0,0,0.5,0.5,1,1", .noArea),
    ])
  func invalid(text: String, error: ZoneError) { #expect(throws: error) { try Zone(text) } }

  @Test("a zone has at most 64 points, and its last may repeat the first")
  func points() throws {
    #expect(try Zone("0,0,1,0,1,1,0,0").points.count == 3)
    let row = (0..<63).map { "\(Double($0) / 62),0" }.joined(separator: ",")
    #expect(try Zone(row + ",0.5,1").points.count == 64)
    #expect(throws: ZoneError.self) { try Zone("0,0.1," + row + ",0.5,1") }
    #expect(throws: ZoneError.self) { try Zone(String(repeating: "0.5,0.5,", count: 100_000) + "1,1") }
  }

  // MARK: Filters

  private let box = Box(x1: 100, y1: 100, x2: 300, y2: 200)

  private func passes(_ adjust: (inout DetectionFilter) throws -> Void) rethrows -> Bool {
    var filter = DetectionFilter()
    try adjust(&filter)
    return filter.passes(box, width: 1000, height: 500)
  }

  @Test("sizes are limits of both sides, in pixels or percent of the image's")
  func sizes() throws {
    for (text, atLeast, atMost) in [
      ("100", true, false), ("101", false, false), ("200x100", true, true), ("201x1", false, false),
      ("20%", true, true), ("21%x20%", false, true), ("300", false, true),
    ] {
      let size = try #require(BoxSize(text))
      #expect(passes { $0.minSize = size } == atLeast, "min \(text)")
      #expect(passes { $0.maxSize = size } == atMost, "max \(text)")
    }
    for text in ["", "x", "-1", "nan", "inf", "1x2x3", "101%", "%", "1x", "10 %"] {
      #expect(BoxSize(text) == nil, "\(text)")
    }
  }

  @Test("a box lies in a zone by its centre, its bottom centre, or a share of its area")
  func zones() throws {
    // In fractions the box is 0.1...0.3 by 0.2...0.4.
    let upper = try Zone("0,0,1,0,1,0.35,0,0.35")
    for (match, isIn) in [
      (DetectionFilter.ZoneMatch.center, true), (.bottomCenter, false), (.share(0.7), true),
      (.share(0.8), false),
    ] {
      #expect(
        passes {
          $0.includedZones = [upper]; $0.zoneMatch = match
        } == isIn, "\(match)")
      #expect(
        passes {
          $0.excludedZones = [upper]; $0.zoneMatch = match
        } == !isIn, "\(match)")
    }
    let elsewhere = try Zone("0.8,0.8,1,0.8,1,1")
    #expect(passes { $0.includedZones = [elsewhere, upper] })
    #expect(!passes { $0.includedZones = [elsewhere] })
    #expect(
      !passes {
        $0.includedZones = [upper]; $0.excludedZones = [upper]
      })
    for text in ["", "0", "1.1", "nan", "middle"] { #expect(DetectionFilter.ZoneMatch(text) == nil) }
  }
}
