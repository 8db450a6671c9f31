/// A bicycle seen from the side, facing right. About 170 units long.
struct BicycleDrawing: SceneObject {
  private let frame: PaintColor
  private let tyre: PaintColor
  private let spokes: Int
  private let thickness: Float
  private let hasBasket: Bool
  private let isStepThrough: Bool
  private let hasMudguards: Bool

  let width: Float = 170
  let height: Float = 102

  init(_ random: inout RandomSource) {
    frame = random.paintColor()
    tyre = .gray(random.uniform(15, 70))
    spokes = random.pick([6, 8, 10])
    thickness = random.uniform(4, 6.5)
    hasBasket = random.chance(0.25)
    isStepThrough = random.chance(0.3)
    hasMudguards = random.chance(0.3)
  }

  func draw(on canvas: inout Canvas) {
    let (rear, front) = (Point(-52, -33), Point(52, -33))
    for hub in [rear, front] {
      for spoke in 0..<spokes {
        let angle = 2 * Float.pi * Float(spoke) / Float(spokes) + 0.3
        canvas.fill(.stroke([hub, hub.moved(30, angle: angle)], width: 1.2), .gray(165))
      }
      canvas.fill(.ring(hub.x, hub.y, 30, width: 5.5), tyre)
      canvas.fill(.ring(hub.x, hub.y, 26.5, width: 1.6), .gray(190))
      canvas.fill(.circle(hub.x, hub.y, 4), .gray(120))
      if hasMudguards {
        canvas.fill(.arc(hub.x, hub.y, 34.5, from: -2.9, to: -0.6, width: 3), frame.lighter(-0.2))
      }
    }
    let (crank, seat, head) = (Point(-6, -32), Point(-24, -76), Point(36, -76))
    let bar = isStepThrough ? Point(-14, -52) : Point(-21, -69)
    func tube(_ points: [Point], _ width: Float) { canvas.fill(.stroke(points, width: width), frame) }
    tube([rear, crank, head + Point(2, 6), bar, rear], thickness)
    tube([crank, seat], thickness)
    tube([head + Point(-2, -6), front], thickness)
    canvas.fill(.stroke([head + Point(-2, -6), Point(32, -94)], width: thickness * 0.8), .gray(90))
    canvas.fill(.stroke((20, -96), (34, -95), (44, -92), width: 4.5), .gray(30))
    canvas.fill(.stroke([seat, Point(-26, -86)], width: thickness * 0.7), .gray(90))
    canvas.fill(.smooth((-42, -91), (-42, -86), (-24, -85), (-8, -88), (-10, -91)), .gray(28))
    canvas.fill(.ring(crank.x, crank.y, 8, width: 2.6), .gray(70))
    canvas.fill(.stroke([crank, crank + Point(9, 14)], width: 3), .gray(60))
    canvas.fill(.stroke([crank + Point(4, 15), crank + Point(14, 15)], width: 3.6), .gray(30))
    if hasBasket {
      canvas.fill(.polygon((44, -88), (74, -88), (70, -66), (48, -66)), PaintColor(0xA0_7A4A))
    }
  }
}
