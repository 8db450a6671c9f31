import TestSupport
import Testing
import YOLOX

@Suite("Non-maximum suppression")
struct NMSTests {
  private func detection(_ classID: Int, _ score: Float, _ x: Float, _ y: Float, _ side: Float = 10)
    -> Detection
  {
    Detection(classID: classID, score: score, box: Box(x1: x, y1: y, x2: x + side, y2: y + side))
  }

  @Test("IoU of known boxes")
  func iou() {
    let box = Box(x1: 0, y1: 0, x2: 10, y2: 10)
    #expect(box.iou(box) == 1)
    #expect(box.iou(Box(x1: 5, y1: 0, x2: 15, y2: 10)) == Float(50) / 150)
    #expect(box.iou(Box(x1: 10, y1: 0, x2: 20, y2: 10)) == 0)
    #expect(box.iou(Box(x1: 3, y1: 3, x2: 3, y2: 3)) == 0)
  }

  @Test("keeps the best of boxes that overlap, by class or across classes")
  func suppression() {
    let boxes = [
      detection(0, 0.6, 1, 0), detection(0, 0.9, 0, 0), detection(1, 0.8, 0, 1), detection(0, 0.5, 50, 0),
    ]
    #expect(boxes.suppressed(above: 0.45).map(\.score) == [0.9, 0.8, 0.5])
    #expect(boxes.suppressed(above: 0.45, classAgnostic: true).map(\.score) == [0.9, 0.5])
    #expect(boxes.suppressed(above: 0.45, limit: 2).map(\.score) == [0.9, 0.8])
    #expect(boxes.suppressed(above: 1).count == 4)
  }

  @Test("an overlap of exactly the threshold is kept, and equal scores keep their order")
  func borders() {
    let boxes = [detection(0, 0.5, 0, 0), detection(0, 0.5, 5, 0)]
    #expect(boxes.suppressed(above: Float(50) / 150) == boxes)
    #expect(boxes.suppressed(above: 0.3) == [boxes[0]])
  }

  @Test("doing it again changes nothing, and no two kept boxes overlap too much")
  func idempotent() {
    var generator = SplitMix64(seed: 9)
    let boxes = (0..<300).map { _ in
      detection(
        Int.random(in: 0..<3, using: &generator), generator.float(in: 0...1), generator.float(in: 0...80),
        generator.float(in: 0...80), generator.float(in: 5...30))
    }
    let kept = boxes.suppressed(above: 0.4)
    #expect(kept.suppressed(above: 0.4) == kept)
    for (index, first) in kept.enumerated() {
      for second in kept[(index + 1)...] where first.classID == second.classID {
        #expect(first.box.iou(second.box) <= 0.4 && first.score >= second.score)
      }
    }
  }
}
