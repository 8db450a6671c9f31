/// Things that are none of the classes, some of them much like one: other signs, lamps, plates without hands, boxes.
enum Distractor: CaseIterable, Sendable {
  case tree, bush, lampPost, box, roundSign, triangleSign, diamondSign, squareSign, plate, bin, frame,
    stripes,
    post, ball, wheel, bench

  /// - Parameters:
  ///   - foot: the middle of its lower edge.
  ///   - size: its height.
  func draw(on canvas: inout Canvas, foot: Point, size: Float, _ random: inout RandomSource) {
    canvas.placement = Placement(position: foot, scale: size / 100, angle: random.uniform(-0.04, 0.04))
    canvas.owner = 0
    let color = random.paintColor()
    switch self {
    case .tree:
      let leaves = PaintColor(0x4E_7D3A).mixed(random.color(), random.uniform(0, 0.4))
      canvas.fill(.rectangle(-5, -45, 10, 45), PaintColor(0x6B_4A2F))
      if random.chance(0.3) {
        for y in [-30, -52, -74] as [Float] {
          canvas.fill(.polygon((-28 - y / 6, y + 8), (0, y - 28), (28 + y / 6, y + 8)), leaves)
        }
      } else {
        for _ in 0..<6 {
          canvas.fill(
            .circle(random.uniform(-20, 20), random.uniform(-80, -50), random.uniform(13, 22)),
            leaves.lighter(random.uniform(-0.15, 0.15)))
        }
      }
    case .bush:
      for x in [-35, 0, 35] as [Float] {
        canvas.fill(
          .ellipse(x, -35, 38, 35), PaintColor(0x57_8240).lighter(random.uniform(-0.2, 0.15)))
      }
    case .lampPost:
      canvas.fill(.rectangle(-2, -96, 4, 96), .gray(70))
      canvas.fill(.stroke((0, -96), (16, -98), width: 3), .gray(70))
      canvas.fill(.ellipse(19, -96, 8, 4), PaintColor(0xFF_F0C0))
    case .box:
      canvas.fill(.rectangle(-55, -90, 110, 90), .vertical(color.lighter(0.1), color.lighter(-0.2), -90, 0))
      canvas.fill(.rectangle(-55, -58, 110, 4), color.lighter(-0.4))
    case .roundSign:
      drawPole(on: &canvas)
      canvas.fill(.circle(0, -70, 30), random.pick([PaintColor(0xC1_121F), PaintColor(0x1F_5FAF), color]))
      canvas.fill(.circle(0, -70, 23), random.chance(0.6) ? .gray(245) : PaintColor(0x1F_5FAF))
      if random.chance(0.5) {
        canvas.fill(.rectangle(-17, -74, 34, 8), random.chance(0.5) ? .gray(20) : .gray(245))
      }
    case .triangleSign:
      drawPole(on: &canvas)
      canvas.fill(.polygon((-32, -46), (0, -102), (32, -46)), PaintColor(0xC1_121F))
      canvas.fill(.polygon((-22, -52), (0, -90), (22, -52)), .gray(245))
    case .diamondSign:
      drawPole(on: &canvas)
      canvas.fill(.regular(sides: 4, 0, -72, 32, turn: 0), .gray(20))
      canvas.fill(.regular(sides: 4, 0, -72, 29, turn: 0), PaintColor(0xF2_C53A))
    case .squareSign:
      drawPole(on: &canvas)
      canvas.fill(.rounded(-28, -100, 56, 56, radius: 4), color)
      canvas.fill(.stroke((-15, -78), (15, -78), width: 6), .gray(245))
      canvas.fill(.stroke((-15, -64), (8, -64), width: 6), .gray(245))
    case .plate:
      canvas.fill(.circle(0, -50, 50), color)
      canvas.fill(.circle(0, -50, random.uniform(20, 44)), color.lighter(random.uniform(-0.5, 0.7)))
    case .bin:
      canvas.fill(.polygon((-32, -90), (32, -90), (26, 0), (-26, 0)), color)
      canvas.fill(.rounded(-36, -100, 72, 12, radius: 4), color.lighter(-0.3))
    case .frame:
      canvas.fill(.rectangle(-50, -100, 100, 100), color.lighter(-0.4))
      canvas.fill(.rectangle(-42, -92, 84, 84), .vertical(random.color(), random.color(), -92, -8))
    case .stripes:
      for index in 0..<6 {
        canvas.fill(.rectangle(-90 + Float(index) * 30, -100, 8, 100), color)
      }
      canvas.fill(.rectangle(-95, -80, 175, 8), color)
    case .post:
      canvas.fill(.rectangle(-7, -100, 14, 100), color)
      canvas.fill(.rectangle(-7, -72, 14, 14), random.color())
    case .ball:
      canvas.fill(
        .circle(0, -50, 50),
        .radial(color.lighter(0.5), color.lighter(-0.3), center: Point(-14, -66), radius: 90))
    case .wheel:
      canvas.fill(.circle(0, -50, 50), .gray(28))
      canvas.fill(.circle(0, -50, 26), .gray(150))
    case .bench:
      canvas.fill(.rectangle(-90, -52, 180, 12), color)
      canvas.fill(.rectangle(-90, -95, 180, 22), color.lighter(-0.15))
      for x in [-74, 64] as [Float] { canvas.fill(.rectangle(x, -60, 10, 60), .gray(50)) }
    }
    canvas.placement = Placement()
  }

  private func drawPole(on canvas: inout Canvas) { canvas.fill(.rectangle(-2.5, -60, 5, 60), .gray(120)) }
}
