# SPDX-License-Identifier: LGPL-2.1-or-later
# Xen in Bochs, an Intel CPU with VMX, EPT, #VE and VMFUNC; boot sources it.
# shellcheck shell=sh disable=SC2034,SC2154,SC2086,SC2116
# Debian 13's Bochs has the monitor trap flag and is faster than Debian 12's.
emulator_groups='bochs-3.0 bochs-2.7'

# CPU seconds within which dom0 is up, or the emulator hangs.
boot_limit=90

xen_options='console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all
    dom0_mem=448M,max:448M sync_console altp2m=1 hap=1 bootscrub=0
    spec-ctrl=no xpti=no smt=0 watchdog=0 cpufreq=none noreboot
    conring_size=256k tsc=unstable apicv=0 tdt=off mwait-idle=0 cpuidle=0
    max_cstate=1'
# Without the list of CPU features dom0 dies silently on this CPU model.
# Linux would look at its ciphers, certificates and page tables for 13 s.
kernel_options='console=hvc0 earlyprintk=xen mitigations=off nokaslr
    rdinit=/init tsc=reliable lpj=400000 random.trust_cpu=on quiet
    raid6.benchmark=0 libata.force=disable init_on_alloc=0 rodata=off
    initcall_blacklist=ahci_pci_driver_init,load_system_certificate_list
    cryptomgr.notests
    clearcpuid=580,534,515,516,514,528,520,521,522,523,524,526,513,518,317,309'

# prepare: the CD, and Bochs's configuration.
emulator_prepare()
{
    [ "$emulator_group" != bochs-2.7 ] || boot_limit=400
    mkdir "$work/cd"
    ln -s "$images/xen" "$images/vmlinux" "$images/grub.img" \
        "$work/initrd" "$work/cd/"
    cat >"$work/cd/grub.cfg" <<END
multiboot /xen $(echo $xen_options)
module /vmlinux $(echo $kernel_options $XENREEL_LAB_KERNEL)
module /initrd
boot
END
    aside "$(group tools)" usr/bin/xorriso -as mkisofs -quiet -f \
        -b grub.img -no-emul-boot -boot-load-size 4 -boot-info-table \
        -o "$work/cd.iso" "$work/cd" 2>"$work/xorriso.log" ||
        die $EXIT_LAB "cannot make the CD"
    rm -r "$work/cd"
    bochs=$(group "$emulator_group")
    cpu_options='reset_on_triple_fault=0, ignore_bad_msrs=1'
    cat >"$work/bochsrc" <<END
config_interface: textconfig
display_library: rfb, options="timeout=0"
cpu: model=corei7_icelake_u, count=1, ips=100000000, $cpu_options
clock: sync=none
megs: 1024
romimage: file="$bochs/usr/share/bochs/BIOS-bochs-latest", options=fastboot
vgaromimage: file="$bochs/usr/share/vgabios/vgabios.bin"
vga: extension=vbe, update_freq=1
ata0-master: type=cdrom, path="$work/cd.iso", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev="$work/console.log"
port_e9_hack: enabled=1
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
log: "$work/bochs.log"
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
END
    echo c >"$work/go"
}

# start: becomes the emulator.
emulator_start()
{
    LTDL_LIBRARY_PATH=$bochs/usr/lib/x86_64-linux-gnu/bochs/plugins
    export LTDL_LIBRARY_PATH
    set -- -q -f "$work/bochsrc"
    # It stops in its debugger.
    [ "$emulator_group" != bochs-2.7 ] || set -- "$@" -rc "$work/go"
    become "$bochs" usr/bin/bochs-bin "$@"
}
