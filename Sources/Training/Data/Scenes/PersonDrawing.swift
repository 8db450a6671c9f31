/// A person seen from the front or from the side: standing, walking, waving or sitting. About 100 units tall.
struct PersonDrawing: SceneObject {
  private enum Pose: CaseIterable { case standing, walking, waving, running }
  private enum Hair: CaseIterable { case short, long, cap, bald }

  private let pose: Pose
  private let hair: Hair
  private let isFrontal: Bool
  private let wearsSkirt: Bool
  private let hasBag: Bool
  private let shortSleeves: Bool
  private let girth: Float
  private let swing: Float
  private let skin: PaintColor
  private let hairColor: PaintColor
  private let shirt: PaintColor
  private let trousers: PaintColor
  private let shoes: PaintColor
  private let bag: PaintColor

  let height: Float = 100
  var width: Float { pose == .running ? 56 : pose == .walking ? 46 : pose == .waving ? 48 : 36 }

  init(_ random: inout RandomSource) {
    pose = random.pick(Pose.allCases)
    hair = random.pick(Hair.allCases)
    isFrontal = pose != .running && random.chance(0.6)
    wearsSkirt = random.chance(0.2)
    hasBag = random.chance(0.2)
    shortSleeves = random.chance(0.4)
    girth = random.uniform(0.85, 1.25)
    swing = random.uniform(0.7, 1.2)
    skin = PaintColor(random.pick([0xF2_C9A5, 0xE0_AC84, 0xC6_8A5E, 0x8D_5A3A, 0x5C_3A26]))
      .lighter(random.uniform(-0.08, 0.08))
    hairColor = PaintColor(random.pick([0x1C_1713, 0x3E_2A1C, 0x7A_4E2A, 0xC9_A15A, 0x8A_8A88, 0x9C_3F20]))
    shirt = random.paintColor()
    trousers = random.paintColor().lighter(random.uniform(-0.5, 0))
    shoes = PaintColor.gray(random.uniform(10, 90)).mixed(random.color(), 0.25)
    bag = random.paintColor()
  }

  func draw(on canvas: inout Canvas) {
    let stride = (pose == .standing ? 2 : pose == .waving ? 4 : pose == .walking ? 11 : 18) * swing
    drawArm(-1, behind: true, on: &canvas)
    drawLeg(-1, stride, on: &canvas)
    drawLeg(1, stride, on: &canvas)
    drawTorso(on: &canvas)
    drawArm(1, behind: false, on: &canvas)
    if isFrontal { drawArm(-1, behind: false, on: &canvas) }
    drawHead(on: &canvas)
  }

  private func drawLeg(_ side: Float, _ stride: Float, on canvas: inout Canvas) {
    let color = trousers.lighter(side < 0 ? -0.18 : 0)
    let hip = Point(side * 4 * girth * (isFrontal ? 1 : 0.3), -50)
    let lift: Float = pose == .running && side < 0 ? 13 : 0
    let foot = Point(hip.x + side * stride, -4 - lift)
    let knee = Point((hip.x + foot.x) / 2 + (isFrontal ? 0 : 3), -27 - lift / 3)
    let legColor = wearsSkirt ? skin.lighter(side < 0 ? -0.12 : 0) : color
    canvas.fill(.stroke([hip, knee, foot], width: 8.5 * girth), legColor)
    let toe: Float = isFrontal ? side * 2 : 5
    canvas.fill(.stroke([foot + Point(-1, 1.4), foot + Point(toe, 1.4)], width: 5), shoes)
  }

  private func drawTorso(on canvas: inout Canvas) {
    let (shoulder, waist) = ((isFrontal ? 12 : 8.5) * girth, (isFrontal ? 9 : 7.5) * girth)
    let paint = Paint.linear(
      shirt.lighter(0.1), shirt.lighter(-0.22), from: Point(-shoulder, 0), to: Point(shoulder, 0))
    if hasBag { canvas.fill(.rounded(-shoulder - 6, -82, 12, 24, radius: 4), bag) }
    canvas.fill(
      .smooth(
        (-shoulder, -84), (0, -86), (shoulder, -84), (shoulder, -74), (waist, -60), (waist + 0.5, -46),
        (0, -45),
        (-waist - 0.5, -46), (-waist, -60), (-shoulder, -74)), paint)
    if wearsSkirt {
      canvas.fill(.polygon((-waist, -56), (waist, -56), (waist + 7, -29), (-waist - 7, -29)), trousers)
    } else {
      canvas.fill(.rounded(-waist, -52, 2 * waist, 8, radius: 3), trousers)
    }
  }

  private func drawArm(_ side: Float, behind: Bool, on canvas: inout Canvas) {
    guard isFrontal != behind else { return }
    let shoulder = Point(side * (isFrontal ? 11 : 1) * girth, -79)
    let elbow: Point
    let hand: Point
    switch pose {
    case .standing, .walking:
      let forward = isFrontal ? side * 2 : -side * (pose == .walking ? 9 : 2) * swing
      elbow = shoulder + Point(forward + side * 1.5, 16)
      hand = elbow + Point(forward + (isFrontal ? 0 : 3), 14)
    case .waving:
      let isRaised = side > 0
      elbow = shoulder + Point(side * (isRaised ? 9 : 3), isRaised ? -3 : 16)
      hand = elbow + Point(side * 3, isRaised ? -17 : 14)
    case .running:
      elbow = shoulder + Point(-side * 11, 12)
      hand = elbow + Point(10, side > 0 ? -7 : 8)
    }
    let sleeve = shirt.lighter(behind ? -0.25 : -0.08)
    let skin = skin.lighter(behind ? -0.12 : 0)
    canvas.fill(.stroke([shoulder, elbow], width: 6.5 * girth), sleeve)
    canvas.fill(.stroke([elbow, hand], width: 5.2 * girth), shortSleeves ? skin : sleeve)
    canvas.fill(.circle(hand.x, hand.y, 3.1), skin)
  }

  private func drawHead(on canvas: inout Canvas) {
    canvas.fill(.rounded(-3, -88, 6, 8, radius: 2), skin.lighter(-0.1))
    if hair == .long { canvas.fill(.rounded(-8, -100, 16, 22, radius: 7), hairColor) }
    let facing: Float = isFrontal ? 0 : 1.2
    canvas.fill(.ellipse(facing, -91.5, 6.6, 7.8), skin)
    switch hair {
    case .short, .long:
      canvas.fill(
        .smooth(
          (-8, -91), (-8, -99.5), (0, -101), (8, -99.5), (7.5, -94), (2, -96.5), (-4, -95.5), (-6, -90)),
        hairColor)
    case .cap:
      canvas.fill(.smooth((-8, -94), (-7, -101), (0, -102), (7, -101), (8, -94)), bag)
      canvas.fill(.rounded(isFrontal ? -7 : 1, -96, isFrontal ? 14 : 11, 2, radius: 1), bag.lighter(-0.3))
    case .bald: break
    }
    if isFrontal {
      for x in [-2.4, 2.4] as [Float] { canvas.fill(.circle(x, -91.5, 0.8), .gray(25)) }
      canvas.fill(.stroke((-2, -87.5), (0, -87), (2, -87.5), width: 0.8), skin.lighter(-0.45))
    } else {
      canvas.fill(.circle(5, -92, 0.8), .gray(25))
      canvas.fill(.polygon((7, -92.5), (9, -89.6), (7, -89)), skin)
    }
  }
}
