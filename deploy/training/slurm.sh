#!/usr/bin/env bash
# YOLOX-S on four machines under Slurm: sbatch deploy/training/slurm.sh DATA OUTPUT
#
# The same command starts and continues the run. Two minutes before the time limit the run is saved and requeued.
#SBATCH --job-name=yolox-train
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail
data=$1 output=$2

# mpirun forwards SIGUSR1 to all processes, which save and exit; the job is then requeued.
mpirun --map-by ppr:1:node --bind-to none \
  yolox-train fit --or-resume --data "$data" --model s --epochs 300 --batch-size 64 \
  --threads "${SLURM_CPUS_PER_TASK:-16}" --output "$output" &
training=$!
stopped=
trap 'stopped=1; kill -USR1 "$training"' USR1

# A trapped signal ends `wait` early.
status=0
while kill -0 "$training" 2>/dev/null; do
  status=0
  wait "$training" || status=$?
done
if [ -n "$stopped" ]; then
  scontrol requeue "$SLURM_JOB_ID"
  exit 0
fi
exit "$status"
