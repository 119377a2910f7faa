# SPDX-License-Identifier: LGPL-2.1-or-later
# Xen in QEMU without KVM, an AMD CPU with SVM and NPT; boot sources it.
# shellcheck shell=sh disable=SC2034,SC2154,SC2086,SC2116
emulator_groups=qemu

# CPU seconds within which dom0 is up, or the emulator hangs.
boot_limit=60

xen_options='console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all
    dom0_mem=448M,max:448M bootscrub=0 spec-ctrl=no xpti=no watchdog=0
    noreboot conring_size=256k'
kernel_options='console=hvc0 earlyprintk=xen mitigations=off nokaslr
    rdinit=/init random.trust_cpu=on quiet raid6.benchmark=0 init_on_alloc=0
    rodata=off cryptomgr.notests'

# prepare: files of names without blanks and commas, which QEMU would not take
# for parts of a name.
emulator_prepare()
{
    ln -s "$images/vmlinux" "$work/vmlinux"
}

# start: becomes the emulator.  Without smap dom0 dies at its first iret;
# without monitor Xen's idle loop faults; without rdtscp a PVH guest dies.
# A word to port 0x8900 ends it, as in Bochs.
emulator_start()
{
    qemu=$(group "$emulator_group")
    QEMU_MODULE_DIR=$qemu/usr/lib/x86_64-linux-gnu/qemu
    export QEMU_MODULE_DIR
    kernel=$(echo $kernel_options $XENREEL_LAB_KERNEL | sed 's/,/,,/g')
    cd "$work" || exit
    become "$qemu" usr/bin/qemu-system-x86_64 \
        -L "$qemu/usr/share/seabios" -L "$qemu/usr/share/qemu" \
        -machine q35,accel=tcg -m 2048 \
        -cpu EPYC,+svm,+npt,-smap,-monitor,-rdtscp \
        -nodefaults -no-user-config -display none -no-reboot \
        -serial file:console.log \
        -chardev stdio,id=port,signal=off \
        -device isa-debugcon,iobase=0xe9,chardev=port \
        -device isa-debug-exit,iobase=0x8900,iosize=1 \
        -kernel "$images/xen" -append "$(echo $xen_options)" \
        -initrd "vmlinux $kernel,initrd"
}
