import Engine
import YOLOX

/// Computes the losses of a batch and the gradients of the head outputs.
package struct DetectionLoss: Sendable {
  package static let boxWeight: Float = 5

  package var boxLoss = IoULoss.iou
  /// Whether to add L1 on the raw box outputs, as the authors do in the last epochs.
  package var usesL1 = false
  /// Stride of each head output.
  package var strides = Stride.levels
  package var assign: @Sendable (AnchorPredictions, [Target]) -> Assignment

  package init(assign: @escaping @Sendable (AnchorPredictions, [Target]) -> Assignment = { SimOTA()($0, $1) })
  {
    self.assign = assign
  }

  /// The losses of a batch and the label assignment of each image.
  package struct Output: Sendable {
    package let losses: Losses
    package let assignments: [Assignment]
  }

  /// Computes losses from the pass's last outputs and sets the outputs' gradients. The losses are not finite if the outputs
  /// are not.
  ///
  /// - Parameter scale: factor of the gradients, for gradient accumulation.
  package func callAsFunction(
    _ executor: TrainingExecutor, targets: [[Target]], scale: Float = 1, team: ThreadTeam
  ) -> Output {
    let outputs = HeadOutputs(executor, strides: strides)
    let predictions = (0..<targets.count).map(outputs.predictions)
    var assignments = Array(repeating: Assignment(matches: []), count: targets.count)
    assignments.withUnsafeMutableBufferPointer { assignments in
      // Each thread writes only the images of its own range.
      nonisolated(unsafe) let assignments = assignments
      team.parallelFor(targets.count) { _, images in
        // Diverged outputs cannot be compared; the loss says so.
        for image in images where predictions[image].isFinite {
          assignments[image] = assign(predictions[image], targets[image])
        }
      }
    }
    // Over the images of all processes.
    var counts = [
      Double(assignments.reduce(0) { $0 + $1.matches.count }), Double(targets.reduce(0) { $0 + $1.count }),
    ]
    team.processes.allReduce(&counts)
    let (foregroundCount, objectCount) = (Float(max(1, counts[0])), Float(max(1, counts[1])))

    var losses = Losses()
    var gradients = HeadGradients(outputs)
    for image in targets.indices {
      add(
        predictions[image], assignments[image], targets[image], per: foregroundCount, to: &losses,
        &gradients, image: image, scale: scale)
    }
    if !predictions[0].selection.isEmpty {
      addSelection(predictions, targets, per: objectCount, to: &losses, &gradients, scale: scale)
    }
    if !predictions.allSatisfy(\.isFinite) { losses.box = .nan }
    losses.allReduce(over: team.processes)
    losses.foregroundPerObject = foregroundCount / objectCount
    gradients.set(on: executor)
    return Output(losses: losses, assignments: assignments)
  }

  /// Loss of the one-to-one branch: one anchor of each object is positive, all others negative.
  private func addSelection(
    _ predictions: [AnchorPredictions], _ targets: [[Target]], per count: Float, to losses: inout Losses,
    _ gradients: inout HeadGradients, scale: Float
  ) {
    for image in targets.indices {
      let positives = Set(OneToOne()(predictions[image], targets[image]).matches.map(\.anchor))
      for (anchor, logit) in predictions[image].selection.enumerated() {
        let target: Float = positives.contains(anchor) ? 1 : 0
        losses.selection += crossEntropy(logit: logit, target: target) / count
        gradients.add((sigmoid(logit) - target) * scale / count, .selection, image, anchor, channel: 0)
      }
    }
  }

  private func add(
    _ predictions: AnchorPredictions, _ assignment: Assignment, _ targets: [Target], per count: Float,
    to losses: inout Losses, _ gradients: inout HeadGradients, image: Int, scale: Float
  ) {
    var isForeground = Array(repeating: false, count: predictions.count)
    for match in assignment.matches { isForeground[match.anchor] = true }
    let ignored = Set(assignment.ignored)
    var objectness: Float = 0
    for anchor in isForeground.indices where !ignored.contains(anchor) {
      let (logit, target) = (predictions.objectness[anchor], Float(isForeground[anchor] ? 1 : 0))
      objectness += crossEntropy(logit: logit, target: target)
      gradients.add((sigmoid(logit) - target) * scale / count, .objectness, image, anchor, channel: 0)
    }
    losses.objectness += objectness / count

    for match in assignment.matches {
      let (anchor, target) = (match.anchor, targets[match.target])
      let (cell, box) = (predictions.anchors[anchor], predictions.box(anchor))

      let (loss, gradient) = boxLoss(box, target.box)
      losses.box += DetectionLoss.boxWeight * loss / count
      // With respect to the raw outputs: centre = (raw + cell) * stride, size = exp(raw) * stride.
      var raw = [
        gradient.x * cell.stride, gradient.y * cell.stride, gradient.width * box.width,
        gradient.height * box.height,
      ].map { $0 * DetectionLoss.boxWeight }

      if usesL1 {
        let wanted = [
          target.box.x / cell.stride - cell.column, target.box.y / cell.stride - cell.row,
          naturalLogarithm(target.box.width / cell.stride + 1e-8),
          naturalLogarithm(target.box.height / cell.stride + 1e-8),
        ]
        for channel in 0..<4 {
          let difference = predictions.raw[channel * predictions.count + anchor] - wanted[channel]
          losses.l1 += abs(difference) / count
          raw[channel] += difference > 0 ? 1 : difference < 0 ? -1 : 0
        }
      }
      for channel in 0..<4 {
        gradients.add(raw[channel] * scale / count, .box, image, anchor, channel: channel)
      }

      for index in 0..<predictions.classCount {
        let logit = predictions.classLogit(anchor, index)
        // The classification target is the IoU of the predicted box.
        let wanted = index == target.classIndex ? match.iou : 0
        losses.classes += crossEntropy(logit: logit, target: wanted) / count
        gradients.add((sigmoid(logit) - wanted) * scale / count, .classes, image, anchor, channel: index)
      }
    }
  }
}
